package faas

import (
	"context"
	"fmt"
	"strconv"

	"github.com/gomodule/redigo/redis"
)

// redisPrepare promises a ballot, p; redisAccept takes a value in, under its ballot, b: see replica.
var (
	redisPrepare = redis.NewScript(1, `local h = redis.call('HMGET', KEYS[1], 'v', 'p', 'b', 'w')
if not h[1] then return {'missing'} end
if h[2] and h[2] > ARGV[1] then return {'outvoted', h[2]} end
redis.call('HSET', KEYS[1], 'p', ARGV[1])
return {'promised', h[3] or '', h[4]}`)
	redisAccept = redis.NewScript(1, `local h = redis.call('HMGET', KEYS[1], 'v', 'p')
if not h[1] then return -1 end
if h[2] and h[2] > ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'p', ARGV[1], 'b', ARGV[1], 'w', ARGV[2], 'v', ARGV[3], 's', ARGV[4], 'c', ARGV[5])
return 1`)
)

// look implements replica.
func (s redisStates) look(ctx context.Context, key string, size int64) (value, error) {
	v, _, err := s.get(ctx, key, size)
	return v, err
}

// prepare implements replica.
func (s redisStates) prepare(ctx context.Context, key, ballot string) (has accepted, err error) {
	err = s.do(ctx, 0, func(c redis.Conn) error {
		answer, err := redis.Strings(redisPrepare.Do(c, key, ballot))
		switch {
		case err != nil:
			return err
		case len(answer) == 3:
			has = accepted{answer[1], answer[2]}
			return nil
		case len(answer) == 2:
			return &outvotedError{answer[1]}
		}
		return fmt.Errorf("state %s: %w", key, errMissing)
	})
	return has, at(dialled(s.address), err)
}

// accept implements replica.
func (s redisStates) accept(ctx context.Context, key string, by accepted, v value) error {
	err := s.do(ctx, 0, func(c redis.Conn) error {
		sum := strconv.FormatUint(uint64(v.sum), 16)
		made, err := redis.Int(redisAccept.Do(c, key, by.ballot, by.writers, v.version, sum, v.content.data))
		switch {
		case err != nil:
			return err
		case made < 0:
			return fmt.Errorf("state %s: %w", key, errMissing)
		case made == 0:
			return errOutvoted
		}
		return nil
	})
	return at(dialled(s.address), err)
}
