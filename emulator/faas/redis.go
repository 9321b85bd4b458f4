package faas

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// A state in Redis is a hash: v, its version; s, the checksum; c, the content; w, who wrote its last versions. Reading
// it takes one round trip (HMGET), and so does writing it (redisPut), as with the agents' own protocol.

// redisPut writes a version where the expected one is there. A write whose answer was lost, for the server was killed,
// is made again under the same number, by which the script knows it: so it is made once. It returns 1 where the write
// is made, 0 where another version is there, -1 where there is no such state.
var redisPut = redis.NewScript(1, `local h = redis.call('HMGET', KEYS[1], 'v', 'w')
if not h[1] then return -1 end
if string.find(h[2], ARGV[4], 1, true) then return 1 end
if h[1] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 's', ARGV[3], 'w', string.sub(ARGV[4] .. h[2], 1, 256), 'c', ARGV[5])
return 1`)

// writerID is the number of a write, 16 characters: the last 16 of a state are known.
func writerID() string { return fmt.Sprintf("%016x", rand.Uint64()) }

// redisStates are those that a Redis server keeps.
type redisStates struct {
	*Agent
	address string // with redisScheme
	replica bool   // it keeps replicas: see replicated
}

func (s redisStates) get(ctx context.Context, key string, size int64) (v value, _ int64, err error) {
	most := size
	if size == anySize {
		most = maxBody
	}
	err = s.do(ctx, most, func(c redis.Conn) error {
		v, err = s.read(ctx, c, key)
		if have := v.content.size(); err == nil && size != anySize && have != size {
			v.content.release()
			return fmt.Errorf("it has %d bytes, not %d", have, size)
		}
		return err
	})
	if err != nil {
		return value{}, 0, at(dialled(s.address), err)
	}
	return v, 0, nil
}

// read is a state as it is now.
func (s redisStates) read(ctx context.Context, c redis.Conn, key string) (value, error) {
	args := []any{key, "v", "s", "c"}
	if s.replica {
		args = append(args, "b", "w")
	}
	fields, err := redis.ByteSlices(c.Do("HMGET", args...))
	if err != nil {
		return value{}, err
	}
	if len(fields) != len(args)-1 || fields[0] == nil {
		return value{}, fmt.Errorf("state %s: %w", key, errMissing)
	}
	version, sum, err := parseVersion(string(fields[0]) + " " + string(fields[1]))
	if err != nil {
		return value{}, fmt.Errorf("state %s: %w", key, err)
	}
	content, err := s.pools.take(ctx, int64(len(fields[2])))
	if err != nil {
		return value{}, err
	}
	copy(content.data, fields[2])
	if s.replica {
		content.by = accepted{string(fields[3]), string(fields[4])}
	}
	return value{content, version, sum}, nil
}

func (s redisStates) put(ctx context.Context, key string, expected int64, v value) (_ int64, err error) {
	id := writerID()
	err = s.do(ctx, 0, func(c redis.Conn) error {
		args := []any{key, expected, v.version, strconv.FormatUint(uint64(v.sum), 16), id, v.content.data}
		made, err := redis.Int(redisPut.Do(c, args...))
		switch {
		case err != nil:
			return err
		case made < 0:
			return fmt.Errorf("state %s: %w", key, errMissing)
		case made == 0:
			return fmt.Errorf("state %s has another version than %d: %w", key, expected, errConflict)
		}
		return nil
	})
	if errors.Is(err, errConflict) {
		s.counts.conflicts.Add(1)
	}
	return 0, at(dialled(s.address), err)
}

// do lets use talk to the server over a connection, whose answers have at most so many bytes besides a message's
// headers. A server that is away is waited for: it is killed and comes again. So use may be called again, and does
// the same again.
func (s redisStates) do(ctx context.Context, most int64, use func(redis.Conn) error) error {
	deadline := time.Now().Add(s.limits.restart)
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := s.once(ctx, &message{}, most, use)
		if err == nil || !passing(err) || ctx.Err() != nil || time.Now().Add(pause).After(deadline) {
			return redisError(err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// passing says whether an error is one of the connection, or of a server that has not read its files yet.
func passing(err error) bool {
	var answer redis.Error
	if errors.As(err, &answer) {
		return strings.HasPrefix(string(answer), "LOADING")
	}
	for _, own := range []error{errMissing, errConflict, errFull, errTooLarge, errCorrupt, errLong} {
		if errors.Is(err, own) {
			return false
		}
	}
	return isNetwork(err)
}

// redisError gives an answer of the server's the meaning that an agent's has.
func redisError(err error) error {
	var answer redis.Error
	if errors.As(err, &answer) && strings.HasPrefix(string(answer), "OOM") {
		return fmt.Errorf("%w: %w", errFull, err)
	}
	return err
}

// once is do, a single time.
func (s redisStates) once(ctx context.Context, m *message, most int64, use func(redis.Conn) error) error {
	conn, err := s.peers.take(ctx, s.address, m)
	if err != nil {
		return err
	}
	interrupt := func() { _ = conn.SetDeadline(time.Unix(1, 0)) } // fails only on a connection that is closed
	stop := context.AfterFunc(ctx, interrupt)
	conn.left = maxHeader + most
	if conn.resp == nil {
		conn.resp = redis.NewConn(respConn{conn}, 0, 0)
		err = s.authenticate(conn.resp)
	}
	if err == nil {
		err = use(conn.resp)
	}
	conn.in.complete()
	if !stop() {
		if cause := context.Cause(ctx); err != nil && cause != nil {
			err = cause
		}
	} else if conn.resp.Err() == nil {
		s.peers.give(s.address, conn)
		return err
	}
	conn.Close()
	if !m.cold && ctx.Err() == nil {
		s.peers.forget(s.address)
	}
	return err
}

// authenticate sends the password together with the connection's first command, so that it costs no round trip.
func (s redisStates) authenticate(c redis.Conn) error {
	if s.password == "" {
		return nil
	}
	return c.Send("AUTH", redisUser, s.password)
}

// warm opens a connection and sends as many bytes over it both ways, so that its windows open.
func (s redisStates) warm(ctx context.Context, bytes int64) error {
	return s.once(ctx, &message{method: http.MethodPost, fresh: true}, bytes, func(c redis.Conn) error {
		sent := strings.Repeat("x", int(bytes))
		_, err := redis.String(c.Do("ECHO", sent))
		return err
	})
}

// respConn is a connection as the client has it: deadlines are the agent's.
type respConn struct{ *peer }

func (respConn) SetReadDeadline(time.Time) error  { return nil }
func (respConn) SetWriteDeadline(time.Time) error { return nil }

// isNetwork says whether an error is of a connection: it was refused, reset, or ended.
func isNetwork(err error) bool {
	var net interface{ Timeout() bool }
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &net)
}
