package faas

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// get reads a state of the given size from another agent.
func (a *Agent) get(ctx context.Context, repository, key string, size int64, remote *int64) (v value, err error) {
	m := message{method: http.MethodGet, path: "/state/" + key}
	err = a.peers.do(ctx, repository, &m, func(resp *http.Response) error {
		if size == anySize && resp.ContentLength >= 0 && resp.ContentLength <= maxBody {
			size = resp.ContentLength
		}
		if resp.ContentLength != size {
			return fmt.Errorf("it has %d bytes, not %d", resp.ContentLength, size)
		}
		var err error
		if v.version, v.sum, err = parseVersion(resp.Header.Get(headerVersion)); err != nil {
			return fmt.Errorf("header %s: %w", headerVersion, err)
		}
		*remote, _ = strconv.ParseInt(resp.Header.Get(headerAt), 10, 64)
		if v.content, err = a.pools.receive(ctx, resp.Body, 0, size, nil); err == nil {
			v.content.by, err = parseAccepted(resp.Header.Get(headerBallot))
		}
		return err
	})
	if err != nil {
		v.content.release()
		return value{}, at(repository, err)
	}
	return v, nil
}

// put writes a state to another agent that still has the expected version.
// more is further lines of the header.
func (a *Agent) put(ctx context.Context, repository, key string, expected int64, v value, remote *int64, more ...byte,
) error {
	m := message{
		method: http.MethodPut, path: "/state/" + key, body: [][]byte{v.content.data},
		header: fmt.Appendf(nil, "%s: %s\r\n%s", headerVersion, formatVersion(expected, v.sum), more),
	}
	err := a.peers.do(ctx, repository, &m, func(resp *http.Response) error {
		*remote, _ = strconv.ParseInt(resp.Header.Get(headerAt), 10, 64)
		return nil
	})
	return at(repository, err)
}

func at(repository string, err error) error {
	if err != nil {
		return fmt.Errorf("repository %s: %w", repository, err)
	}
	return nil
}

// handleRead answers with a state.
func (a *Agent) handleRead(w http.ResponseWriter, key string) {
	v, err := a.states.get(key)
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	defer v.content.release()
	a.counts.reads.Add(1)
	w.Header()[headerVersion] = []string{formatVersion(v.version, v.sum)}
	if v.content.by.ballot != "" {
		w.Header()[headerBallot] = []string{v.content.by.String()}
	}
	w.Header()[headerAt] = []string{strconv.FormatInt(a.clock.moment(), 10)}
	respond(w, http.StatusOK, v.content.data)
}

// handleWrite replaces a state. The header says which version was read before, and the new sum.
func (a *Agent) handleWrite(w http.ResponseWriter, r *http.Request, key string) {
	expected, sum, err := parseVersion(r.Header.Get(headerVersion))
	if err != nil || r.ContentLength < 0 || r.ContentLength > maxBody {
		a.refuse(w, r, http.StatusBadRequest, errors.Join(err, fmt.Errorf("a write of %d bytes", r.ContentLength)))
		return
	}
	content, err := a.receive(w, r, 0, r.ContentLength)
	if err != nil {
		a.refuse(w, r, statusOfBody(err), fmt.Errorf("body: %w", err))
		return
	}
	received := a.clock.moment()
	if err := a.write(r.Header, written{key, expected, value{content, expected + 1, sum}}); err != nil {
		if errors.Is(err, errConflict) {
			a.counts.conflicts.Add(1)
		}
		fail(w, statusOf(err), err)
		return
	}
	a.counts.writes.Add(1)
	w.Header()[headerAt] = []string{strconv.FormatInt(received, 10)}
	respond(w, http.StatusNoContent, nil)
}
