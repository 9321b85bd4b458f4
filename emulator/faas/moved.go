package faas

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"testbed/emulator/topology"
)

// headerSeat names the instance that a call is for, where its caller was sent elsewhere with it: EPOCH ID.
const headerSeat = "X-Testbed-Seat"

// maxMoves bounds how often a call is sent elsewhere, and how often it is sent again for a connection that broke.
const (
	maxMoves  = 100
	maxBroken = 3
)

// movedError says that an instance is not here. On the wire it is HTTP's 421, with the place as the text.
type movedError struct {
	to   Elsewhere
	held int64 // ns that the call was held before
}

const movedText = "moved to "

func (e *movedError) Error() string {
	if e.to.Address == "" {
		return "the instance is not here, and nobody knows where it is"
	}
	return fmt.Sprintf("%s%s %d %d %d", movedText, e.to.Address, e.to.Node, e.to.Epoch, e.held)
}

// movedOf is what an error says of where to go; nil: nothing.
func movedOf(err error) *movedError {
	if moved := (*movedError)(nil); errors.As(err, &moved) && moved.to.Address != "" {
		return moved
	}
	var status *statusError
	if !errors.As(err, &status) || status.status != http.StatusMisdirectedRequest {
		return nil
	}
	fields := strings.Fields(strings.TrimPrefix(status.text, movedText))
	if len(fields) != 4 {
		return nil
	}
	if _, err := netip.ParseAddrPort(fields[0]); err != nil {
		return nil
	}
	var n numbers
	moved := &movedError{Elsewhere{topology.ID(n.index(fields[1])), fields[0], n.size(fields[2])}, n.size(fields[3])}
	if n.err != nil {
		return nil
	}
	return moved
}

// parseSeat reads the header of a call for an instance; empty: it is for none that has moved.
func parseSeat(text string) (s Seat, err error) {
	if text == "" {
		return s, nil
	}
	epoch, id, _ := strings.Cut(text, " ")
	var n numbers
	s = Seat{id, n.size(epoch)}
	if err = errors.Join(n.err, checkKey(id)); err != nil {
		err = fmt.Errorf("header %s: %w", headerSeat, err)
	}
	return s, err
}

// appendHeader appends the header that parseSeat reads, where there is an instance.
func (s *Seat) appendHeader(b []byte) []byte {
	if s.ID == "" {
		return b
	}
	return fmt.Appendf(b, "%s: %d %s\r\n", headerSeat, s.Epoch, s.ID)
}

// routes are where an agent, as a caller, has last been sent for instances.
type routes struct {
	mu  sync.RWMutex
	all map[string]Elsewhere
}

func (r *routes) find(id string) (Elsewhere, bool) {
	if id == "" {
		return Elsewhere{}, false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	to, known := r.all[id]
	return to, known
}

// learn enters a place, unless a later one is known.
func (r *routes) learn(id string, to Elsewhere) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[string]Elsewhere{}
	}
	if _, known := r.all[id]; known || len(r.all) < maxHeld {
		if r.all[id].Epoch < to.Epoch {
			r.all[id] = to
		}
	}
}

func (r *routes) drop(prefix string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.all, func(id string, _ Elsewhere) bool { return strings.HasPrefix(id, prefix) })
}

// reached is a response, and what it took to get it.
type reached struct {
	response
	held int64 // ns that the call was held where it had to wait for a move
	sent int   // how often it was sent elsewhere
}

// reach exchanges a call with its worker. A call of an instance follows that to where it is, and is sent again where a
// connection breaks, for it is executed once.
func (c *chain) reach(ctx context.Context, inv *InvocationSpec, call *call, values []value) (back reached, err error) {
	worker, broken := inv.Worker, 0
	to, known := c.routes.find(inv.Stateful)
	for {
		if known {
			worker, call.seat = to.Address, Seat{inv.Stateful, to.Epoch}
		}
		at := *inv
		at.Worker = worker
		back.response, err = c.exchangeOf(&at)(ctx, worker, call, values)
		if err == nil || inv.Stateful == "" || ctx.Err() != nil {
			return back, err
		}
		if moved := movedOf(err); moved != nil && back.sent < maxMoves {
			back.sent++
			back.held += moved.held
			to, known = moved.to, true
			c.routes.learn(inv.Stateful, to)
			continue
		}
		if status := (*statusError)(nil); worker == "" || errors.As(err, &status) || broken == maxBroken {
			return back, err
		}
		broken++
	}
}
