package faas

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// headerRoused is what a target says with its acknowledgement of the last round, where instances of the functions'
// programs have started there: TOOK WAITED, in ns.
const headerRoused = "X-Testbed-Roused"

// roused is what the instances took at a move's target that were not ready when it was offered.
type roused struct {
	took   time.Duration // from the offer until the last of them was ready; 0: all were
	waited time.Duration // of that, when all states had come
}

// waitReady returns when an instance of each of the functions that is a program is ready for what has come whole.
func (a *Agent) waitReady(ctx context.Context, one *resident, by *announced, head *arrivalHead) (s roused, err error) {
	began := time.Now()
	if err := a.installed.ready(ctx, one.Functions); err != nil {
		return s, err
	}
	waited := time.Since(began)
	if since := one.offered(by, head); !since.IsZero() {
		if s.took = a.installed.started(one.Functions, since); s.took > 0 {
			s.waited = waited
		}
	}
	return s, nil
}

// offered is when what a head is of was offered; zero: it is not on its way.
func (r *resident) offered(by *announced, head *arrivalHead) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.arriving.of(by, head) {
		return time.Time{}
	}
	return r.arriving.since
}

// tell says it in the acknowledgement's header.
func (s roused) tell(h http.Header) {
	if s.took > 0 {
		h[headerRoused] = []string{fmt.Sprintf("%d %d", s.took.Nanoseconds(), s.waited.Nanoseconds())}
	}
}

// readRoused reads what a target has said, of which nothing took longer than most. Nothing depends on it but what is
// told of the move, so that what is no number is as good as nothing.
func readRoused(h http.Header, most time.Duration) (s roused) {
	took, waited, _ := strings.Cut(h.Get(headerRoused), " ")
	var n numbers
	s.took = min(most, time.Duration(n.size(took)))
	s.waited = min(s.took, time.Duration(n.size(waited)))
	if n.err != nil {
		return roused{}
	}
	return s
}
