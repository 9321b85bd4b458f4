package faas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A replicated state is a register that a majority of its replicas agrees on (single-decree Paxos for each change, as
// in CASPaxos): a write first asks all replicas to promise a ballot (prepare), and where a majority still has what was
// read, sends them the next version (accept). It is acknowledged when a majority has it, so that it outlives the loss
// of all others. A read asks a majority and takes the newest.

// replica is one replica of a state.
type replica interface {
	// look reads a state, with its ballot and writers in the content.
	look(ctx context.Context, key string, size int64) (value, error)
	// prepare promises to accept nothing below a ballot, and says what was accepted last. It wraps errOutvoted where a
	// higher one is promised.
	prepare(ctx context.Context, key, ballot string) (accepted, error)
	// accept takes a value in, unless a higher ballot is promised: errOutvoted. The value stays its caller's.
	accept(ctx context.Context, key string, by accepted, v value) error
}

// accepted says by which ballot a replica has what it has, and the numbers of the writes that have led there, the last
// first, 8 characters each. No ballot: it is as it was seeded.
type accepted struct{ ballot, writers string }

// errOutvoted is the answer of a replica that has promised a higher ballot: see outvotedError.
var errOutvoted = errors.New("another write has a higher ballot")

// outvotedError says which.
type outvotedError struct{ ballot string }

func (e *outvotedError) Error() string      { return errOutvoted.Error() + ": " + e.ballot }
func (*outvotedError) Is(target error) bool { return target == errOutvoted }

// errNoQuorum says that too few replicas answer.
var errNoQuorum = errors.New("no majority of the replicas answers")

// hedge is how long the replicas of a read are waited for until the others are asked as well.
const hedge = 3 * time.Second

// between is what separates the addresses of a state's replicas.
const between = "|"

// replicated is the repository of a state with several replicas.
type replicated struct {
	*Agent
	members   []replica // those that did not answer lately last
	addresses []string
}

// replicatedAt is the repository of several addresses.
func (a *Agent) replicatedAt(addresses string) replicated {
	r := replicated{Agent: a, addresses: strings.Split(addresses, between)}
	late := func(address string) int {
		if a.suspected(address) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(r.addresses, func(a, b string) int { return late(a) - late(b) })
	for _, address := range r.addresses {
		if isRedis(address) {
			r.members = append(r.members, redisStates{Agent: a, address: address, replica: true})
		} else {
			r.members = append(r.members, agentStates{a, address})
		}
	}
	return r
}

// suspected says whether a replica did not answer lately.
func (a *Agent) suspected(address string) bool {
	at, is := a.suspects.Load(address)
	return is && time.Since(at.(time.Time)) < suspicion
}

// without says whether one can do without the connection to a replica that could not be opened; it is suspected then.
func (a *Agent) without(ctx context.Context, to WarmSpec, err error) bool {
	if !to.Replica || ctx.Err() != nil || !isNetwork(err) {
		return false
	}
	a.suspects.Store(to.Address, time.Now())
	return true
}

// suspicion is how long a replica that did not answer is asked last.
const suspicion = 30 * time.Second

func (r replicated) quorum() int { return len(r.members)/2 + 1 }

// nextBallot is one that is higher than another.
func nextBallot(last string) string {
	round := uint64(0)
	if len(last) >= 16 {
		round, _ = strconv.ParseUint(last[:16], 16, 64) // one that was received may be anything: then it is 0
	}
	return fmt.Sprintf("%016x%s", round+1, writerID())
}

// get reads the newest of a majority.
func (r replicated) get(ctx context.Context, key string, size int64) (value, int64, error) {
	look := func(ctx context.Context, m replica) (value, error) { return m.look(ctx, key, size) }
	all, err := poll(ctx, r, r.quorum(), look, func(v value) { v.content.release() })
	var newest value
	for _, a := range all {
		if newest.content == nil || a.got.content.by.ballot > newest.content.by.ballot {
			newest, a.got = a.got, newest
		}
		a.got.content.release()
	}
	if err != nil {
		newest.content.release()
		return value{}, 0, r.failed(err)
	}
	return newest, 0, nil
}

// failed is the error of a majority that was not reached.
func (r replicated) failed(err error) error {
	return fmt.Errorf("repositories %s: %w: %w", strings.Join(r.addresses, ", "), errNoQuorum, err)
}

// writersKept is by how many writes of others a write may be followed, if they have brought it to an end, until its
// own writer comes to know.
const writersKept = 64

// maxAttempts is how often one write tries to get a majority which others have got before.
const maxAttempts = 60

// put writes the version after the one that v's content was read as.
func (r replicated) put(ctx context.Context, key string, expected int64, v value) (int64, error) {
	read := v.content.by
	w := ballotBox{r, key, v, writerID()[:8], read, read.ballot}
	for attempt := range maxAttempts {
		done, err := w.attempt(ctx)
		switch {
		case err != nil && !errors.Is(err, errOutvoted):
			return 0, r.failed(err)
		case err != nil || done == accepted{}: // others are ahead
		case strings.Contains(done.writers, w.id):
			return 0, nil
		default:
			r.counts.conflicts.Add(1)
			return 0, fmt.Errorf("state %s has another version than %d: %w", key, expected, errConflict)
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(backoff(attempt)):
		}
	}
	return 0, r.failed(fmt.Errorf("after %d attempts: %w", maxAttempts, errOutvoted))
}

// ballotBox is one write, with its attempts.
type ballotBox struct {
	replicated
	key  string
	v    value
	id   string
	read accepted // what v was made of
	last string   // the highest ballot seen
}

// attempt asks for promises and has the replicas accept either the write's own value or another's that was on its way:
// what is returned is what a majority has then, for certain. It is nothing where others are ahead.
func (w *ballotBox) attempt(ctx context.Context) (accepted, error) {
	ballot := nextBallot(w.last)
	w.last = ballot
	promises, err := poll(ctx, w.replicated, len(w.members), func(ctx context.Context, m replica) (accepted, error) {
		return m.prepare(ctx, w.key, ballot)
	}, nil)
	if err != nil {
		return accepted{}, w.outvoted(err)
	}
	highest, from, count := newest(promises)
	w.last = max(w.last, highest.ballot)
	// Where what was read is not among the promises, a minority has it, and nothing newer is with the majority.
	if strings.HasPrefix(highest.writers, w.id) || highest.ballot <= w.read.ballot {
		mine := accepted{ballot, w.id + w.read.writers[:min(len(w.read.writers), (writersKept-1)*len(w.id))]}
		return mine, w.outvoted(w.accept(ctx, mine, w.v))
	}
	if count >= w.quorum() {
		return highest, nil
	}
	other, err := w.members[from].look(ctx, w.key, anySize)
	if err != nil {
		return accepted{}, nil
	}
	defer other.content.release()
	if other.content.by != highest {
		return accepted{}, nil
	}
	same := accepted{ballot, highest.writers}
	return same, w.outvoted(w.accept(ctx, same, other))
}

// outvoted is the error of a poll: that of a majority that did not answer, or that others were ahead.
func (w *ballotBox) outvoted(err error) error {
	if errors.Is(err, errOutvoted) {
		var by *outvotedError
		if errors.As(err, &by) {
			w.last = max(w.last, by.ballot)
		}
		return errOutvoted
	}
	return err
}

// accept sends a value to all replicas and returns when a majority has it.
func (w *ballotBox) accept(ctx context.Context, by accepted, v value) error {
	var sending sync.WaitGroup
	sending.Add(len(w.members))
	v.content.retain()
	_, err := poll(ctx, w.replicated, len(w.members), func(ctx context.Context, m replica) (struct{}, error) {
		defer sending.Done()
		return struct{}{}, m.accept(ctx, w.key, by, v)
	}, nil)
	go func() {
		sending.Wait()
		v.content.release()
	}()
	return err
}

// newest is what the highest ballot of some answers has, the number of a member that has it, and how many have.
func newest(all []replied[accepted]) (highest accepted, from, count int) {
	for _, a := range all {
		switch {
		case count == 0 || a.got.ballot > highest.ballot:
			highest, from, count = a.got, a.member, 1
		case a.got == highest:
			count++
		}
	}
	return highest, from, count
}
