package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"testbed/emulator/noderuntime"
)

const (
	// A log that is followed is looked at this often: at first, and where nothing has come for a while.
	refresh, leastRefresh = 50 * time.Millisecond, 400 * time.Millisecond
	// overlap is how much of what was read is read again: a node's two streams are given their times before they
	// wait for one another at the log, on an engine that may be busy.
	overlap = time.Second
	// mostRead is how much a reading may find, in bytes: several times what the engine was told to keep.
	mostRead = 16 << 20
	// lostLine stands where a node printed faster than could be read of its bounded log.
	lostLine = "[testbed: some of this node's output was lost here: it came faster than it was read]\n"
)

// follow copies what a node prints until it ends. It asks again and again for what is new: the engine's own following
// takes its place in one file of the log for that in the next where these change faster than they are read, and from
// then on leaves out most lines, or ends in their midst.
func (r *Runtime) follow(ctx context.Context, api *client.Client, node noderuntime.Node, out io.Writer) error {
	place := place{seed: maphash.MakeSeed()}
	for wait := refresh; ; {
		lives, err := r.lives(ctx, api, node)
		if err != nil {
			return place.unlessGone(err)
		}
		options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Since: place.since()}
		err = r.call(ctx, "its output", func(ctx context.Context) error {
			return r.copyLogs(ctx, api, node.Container, &place, options)
		})
		if wait = min(2*wait, leastRefresh); place.fresh.Len() > 0 {
			wait = refresh
		}
		// Whoever takes it may take long: the engine is not waited for meanwhile.
		if _, failed := place.fresh.WriteTo(out); failed != nil {
			return failed
		}
		switch {
		case err != nil:
			return place.unlessGone(err)
		case !lives:
			return nil
		}
		place.turn()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// lives tells whether a node that was recorded runs.
func (r *Runtime) lives(ctx context.Context, api *client.Client, node noderuntime.Node) (lives bool, err error) {
	err = r.call(ctx, "looking at its container", func(ctx context.Context) error {
		found, err := r.recorded(ctx, api, node)
		lives = err == nil && found.State != nil && found.State.Running
		return err
	})
	return lives, err
}

// place is where in a container's log a reader is. What is written to it are entries of the log, each with its time.
type place struct {
	fresh  bytes.Buffer // what was read for the first time, as long as a log is at most
	seed   maphash.Seed
	newest time.Time
	// The entries of this turn, and of the one before those that are read again, by how often they came.
	entries []entry
	before  map[uint64]int
	again   bool // one of those has come again in this turn, or there were none
}

type entry struct {
	at  time.Time
	sum uint64 // of its time and text
}

// since is from when on entries are asked for.
func (p *place) since() string {
	p.again = len(p.before) == 0
	if p.newest.IsZero() {
		return ""
	}
	return p.newest.Add(-overlap).UTC().Format(time.RFC3339Nano)
}

// Write takes an entry: "TIME TEXT".
func (p *place) Write(text []byte) (int, error) {
	stamp, rest, _ := bytes.Cut(text, []byte{' '})
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		return 0, fmt.Errorf("an entry of its log: %w", err)
	}
	e := entry{at, maphash.Bytes(p.seed, text)}
	p.entries = append(p.entries, e)
	if at.After(p.newest) {
		p.newest = at
	}
	if p.before[e.sum] > 0 {
		p.before[e.sum]--
		p.again = true
		return len(text), nil
	}
	if !p.again {
		p.again = true
		p.fresh.WriteString(lostLine)
	}
	if p.fresh.Len()+len(rest) > mostRead {
		return 0, fmt.Errorf("its log has more than %d bytes", mostRead)
	}
	p.fresh.Write(rest)
	return len(text), nil
}

// turn ends a reading: what the next one reads again is known.
func (p *place) turn() {
	p.before = map[uint64]int{}
	for _, e := range p.entries {
		if !e.at.Before(p.newest.Add(-overlap)) {
			p.before[e.sum]++
		}
	}
	p.entries = p.entries[:0]
}

// unlessGone is an error, unless it says that a node has gone of which something was read before.
func (p *place) unlessGone(err error) error {
	if p.before != nil && (errdefs.IsNotFound(err) || errors.Is(err, noderuntime.ErrNoSuchNode)) {
		return nil
	}
	return err
}
