package run

import (
	"fmt"
	"slices"
	"sync"

	"testbed/emulator/record"
	"testbed/emulator/resolved"
)

// agreement is a sink that compares what programs gave under the models of a run. That they differ is no failure of it:
// a function need not be deterministic.
type agreement struct {
	lasting bool // states outlive chains, so that a chain depends on all that came before it
	alone   bool

	mu      sync.Mutex
	order   []int           // indexes of jobs, as they came
	jobs    map[int]*given  // by index
	spoiled map[stream]bool // of chains that depend on one that failed or was repeated
	left    map[int]bool    // jobs that were left out under a model
}

// stream is a client's chains under one model.
type stream struct{ model, client string }

// given is what a job gave, by model.
type given struct {
	job  string
	what []string // of each digest
	of   map[string][]string
	seen []string // models, as they came
}

// agree prepares the comparison; nil: there is none, for no function is a program.
func agree(e *resolved.Scenario) *agreement {
	if !e.Source.Programs() {
		return nil
	}
	return &agreement{lasting: len(e.Source.Workload.States) > 0, alone: e.Arrival.Alone(),
		jobs: map[int]*given{}, spoiled: map[stream]bool{}, left: map[int]bool{}}
}

// Write implements record.Sink.
func (a *agreement) Write(c record.Chain, _ []record.Step) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := stream{c.Model, c.Client}
	if c.Superseded || !c.OK() {
		a.spoiled[at] = a.lasting
		if !c.Superseded {
			a.left[c.Index] = true
		}
		return nil
	}
	if a.spoiled[at] {
		a.left[c.Index] = true
		return nil
	}
	if len(c.Programs) == 0 {
		return nil
	}
	what, digests := contents(&c)
	g := a.jobs[c.Index]
	if g == nil {
		g = &given{job: c.Job, what: what, of: map[string][]string{}}
		a.jobs[c.Index] = g
		a.order = append(a.order, c.Index)
	}
	if len(digests) == len(g.what) {
		g.of[c.Model] = digests
		g.seen = append(g.seen, c.Model)
	}
	return nil
}

// contents are a chain's results and states, and what each is.
func contents(c *record.Chain) (what, digests []string) {
	for i := range c.Programs {
		p := &c.Programs[i]
		what = append(what, fmt.Sprintf("result of task %d (%s)", p.Task, p.Function))
		digests = append(digests, p.Digest)
	}
	for i, digest := range c.StateDigests {
		what = append(what, fmt.Sprintf("state %d", i))
		digests = append(digests, digest)
	}
	return what, digests
}

// Flush implements record.Sink.
func (*agreement) Flush() error { return nil }

// Counts implements record.Sink.
func (*agreement) Counts() record.Counts { return record.Counts{} }

// Close implements record.Sink.
func (*agreement) Close() error { return nil }

// beside are other sinks and this one, if there is one.
func (a *agreement) beside(sinks []record.Sink, guard record.Sink) []record.Sink {
	all := slices.Concat(sinks, []record.Sink{guard})
	if a != nil {
		all = append(all, a)
	}
	return all
}

// verdict is what came of the comparison; nil: there was nothing to compare.
func (a *agreement) verdict() *record.Agreement {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	v := &record.Agreement{LeftOut: len(a.left), Overlap: a.lasting && !a.alone}
	for _, index := range a.order {
		g := a.jobs[index]
		if len(g.seen) < 2 {
			continue
		}
		v.Compared++
		differing := false
		for k, what := range g.what {
			if d := g.difference(k, what); d != nil {
				differing = true
				if len(v.Differences) < record.MostDifferences {
					v.Differences = append(v.Differences, *d)
				}
			}
		}
		if differing {
			v.Differing++
		}
	}
	return v
}

// difference is that of a digest; nil: all models gave the same.
func (g *given) difference(k int, what string) *record.Difference {
	d := &record.Difference{Job: g.job, What: what, Digests: map[string]string{}}
	equal := true
	for _, model := range g.seen {
		d.Digests[model] = g.of[model][k]
		equal = equal && g.of[model][k] == g.of[g.seen[0]][k]
	}
	if equal {
		return nil
	}
	return d
}
