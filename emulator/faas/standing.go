package faas

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// pathPrograms is where the controller tells an agent, on its control socket, of the user's programs (PUT), and asks
// what it has of them (GET): the agent that starts and ends their instances knows it, whoever has moved what.
const pathPrograms = "/programs"

// Standing is what an agent has of a program that it was told of.
type Standing struct {
	Function string `json:"function"`
	Scaled   bool   `json:"scaled,omitempty"` // its instances start where calls need them
	Ready    bool   `json:"ready,omitempty"`  // not scaled: the one that is always warm is there
	// Starting is for how long that has been starting, in ns; 0: it is not.
	Starting time.Duration `json:"starting_ns,omitempty"`
}

// lastStart is the last start of a program's instance here.
type lastStart struct {
	mu           sync.Mutex
	began, ended time.Time // ended: of the last that was successful
}

func (l *lastStart) begin(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.began = now
}

func (l *lastStart) end(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = now
}

func (l *lastStart) times() (began, ended time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.began, l.ended
}

// standing is what there is of a program. The caller holds the programs' mu.
func (o *own) standing() Standing {
	s := Standing{Function: o.program.Name, Scaled: o.program.Scaled}
	if o.pool == nil {
		return s
	}
	now := o.pool.Stats()
	s.Ready = now.Ready > 0
	if began, _ := o.last.times(); !s.Ready && now.Starting > 0 && !began.IsZero() {
		s.Starting = max(1, time.Since(began))
	}
	return s
}

// standing is what there is of all programs, in order.
func (p *installed) standing() []Standing {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Standing, 0, len(p.all))
	for _, one := range p.all {
		all = append(all, one.standing())
	}
	slices.SortFunc(all, func(a, b Standing) int { return cmp.Compare(a.Function, b.Function) })
	return all
}

// started is how long after a moment the last of the functions' instances was ready that was not before; 0: all were.
func (p *installed) started(functions []string, after time.Time) (last time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range functions {
		if one := p.all[name]; one != nil && one.pool != nil {
			_, ended := one.last.times()
			last = max(last, ended.Sub(after))
		}
	}
	return last
}

// handleStanding tells the controller what there is of the user's programs.
func (a *Agent) handleStanding(w http.ResponseWriter) { respondJSON(w, a.installed.standing()) }

// Standing asks the agent what it has of the programs that it was told of.
func (c *Client) Standing(ctx context.Context) (all []Standing, err error) {
	return all, c.do(ctx, http.MethodGet, pathPrograms, nil, &all, maxSpec)
}
