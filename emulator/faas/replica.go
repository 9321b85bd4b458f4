package faas

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// headerBallot is a ballot and, after a blank, the writes that have led to what goes with it; see replicated.
const headerBallot = "X-Testbed-Ballot"

func (a accepted) String() string { return a.ballot + " " + a.writers }

// parseAccepted reads what String wrote, of at most maxBallot bytes; nothing: a state as it was seeded.
func parseAccepted(text string) (accepted, error) {
	if len(text) > maxBallot {
		return accepted{}, fmt.Errorf("header %s: more than %d bytes", headerBallot, maxBallot)
	}
	ballot, writers, _ := strings.Cut(text, " ")
	return accepted{ballot, writers}, nil
}

// maxBallot bounds a ballot with its writers, in bytes.
const maxBallot = 1024

// backoff is a random time that grows with the number of attempts.
func backoff(attempt int) time.Duration {
	return time.Duration(1+rand.IntN(4<<min(attempt, 3))) * time.Millisecond
}

// look implements replica.
func (s agentStates) look(ctx context.Context, key string, size int64) (value, error) {
	v, _, err := s.get(ctx, key, size)
	return v, err
}

// prepare implements replica.
func (s agentStates) prepare(ctx context.Context, key, ballot string) (has accepted, err error) {
	m := message{method: http.MethodPost, path: "/state/" + key,
		header: fmt.Appendf(nil, "%s: %s\r\n", headerBallot, ballot)}
	err = s.peers.do(ctx, s.address, &m, func(resp *http.Response) (err error) {
		has, err = parseAccepted(resp.Header.Get(headerBallot))
		return err
	})
	return has, at(s.address, outvoted(err))
}

// accept implements replica.
func (s agentStates) accept(ctx context.Context, key string, by accepted, v value) error {
	var remote int64
	header := fmt.Appendf(nil, "%s: %s\r\n", headerBallot, by)
	return outvoted(s.Agent.put(ctx, s.address, key, v.version-1, v, &remote, header...))
}

// outvoted is what a conflict means at a replica, whose answer ends with the higher ballot.
func outvoted(err error) error {
	if errors.Is(err, errConflict) {
		text := err.Error()
		return &outvotedError{text[strings.LastIndexByte(text, ' ')+1:]}
	}
	return err
}

// errPromised is the answer of a replica that has promised a higher ballot.
type errPromised struct{ ballot string }

func (e *errPromised) Error() string      { return "it is promised to " + e.ballot }
func (*errPromised) Is(target error) bool { return target == errConflict }

// handlePrepare promises a ballot for a state.
func (a *Agent) handlePrepare(w http.ResponseWriter, r *http.Request, key string) {
	wants, err := parseAccepted(r.Header.Get(headerBallot))
	if err != nil || wants.ballot == "" {
		fail(w, http.StatusBadRequest, errors.Join(err, fmt.Errorf("header %s: want a ballot", headerBallot)))
		return
	}
	has, err := a.states.promise(key, wants.ballot)
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	w.Header()[headerBallot] = []string{has.String()}
	respond(w, http.StatusNoContent, nil)
}

// promise notes that nothing below a ballot is to be accepted for a state any more, and says what it has.
func (s *store) promise(key, ballot string) (accepted, error) {
	e, err := s.find(key)
	if err != nil {
		return accepted{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.promised > ballot {
		return accepted{}, &errPromised{e.promised}
	}
	e.promised = ballot
	return e.content.by, nil
}

// accept replaces the content by that of a ballot, unless a higher one is promised. It takes over the content's hold.
func (s *store) accept(key string, by accepted, next value) error {
	e, err := s.find(key)
	if err != nil {
		next.content.release()
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.promised > by.ballot {
		next.content.release()
		return &errPromised{e.promised}
	}
	e.content.release()
	next.content.by = by
	e.promised, e.content, e.version, e.sum = by.ballot, next.content, next.version, next.sum
	return nil
}
