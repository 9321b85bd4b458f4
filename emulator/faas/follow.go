package faas

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"testbed/emulator/topology"
)

// Runner is a Control that carries chains out as their client.
type Runner interface {
	Control
	Run(ctx context.Context, spec *ChainSpec) (*ChainResult, error)
}

// often is how often workers that call each other are asked whether they have failed: nobody else would notice one that
// dies, for those that called it have their answer.
const often = 500 * time.Millisecond

// Run makes a chain's client carry it out. Where workers call each other, it looks after them, and puts together what
// each of them knows of the steps. Errors are those of Client.Run; where ctx's deadline passes, the result says what
// the chain was at.
func Run[R Runner](ctx context.Context, s *ChainSpec, clients func(topology.ID) R) (*ChainResult, error) {
	if !s.Chained() {
		return clients(s.Client).Run(ctx, s)
	}
	began := time.Now()
	looking, stop := context.WithCancel(ctx)
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		lookAfter(looking, s, clients)
	}()
	result, err := clients(s.Client).Run(ctx, s)
	stop()
	<-looked
	late := err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded)
	if err != nil && !late {
		return nil, err
	}
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceToAsk)
	defer cancel()
	all, lost := gather(asking, s, clients, !late)
	if late {
		result = &ChainResult{Key: s.Key, Job: s.Job, Model: s.Model, Error: context.Cause(ctx).Error()}
	}
	if result.take(all); late || result.Error != "" {
		result.Error += "; " + s.wasAt(all)
	} else if lost != nil {
		return nil, lost
	}
	if err := result.validate(s, time.Since(began)); err != nil {
		return nil, fmt.Errorf("the result of chain %s is impossible: %w", s.Key, err)
	}
	return result, nil
}

// graceToAsk is how long nodes are asked for what they know of a chain that has ended.
const graceToAsk = 5 * time.Second

// lookAfter abandons a chain where a node has failed or does not answer, until ctx ends.
func lookAfter[R Runner](ctx context.Context, s *ChainSpec, clients func(topology.ID) R) {
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, node := range s.Nodes() {
			p, err := clients(node).Progress(ctx, s, false)
			reason := ""
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				reason = s.partOf(node) + err.Error()
			default:
				reason = p.Failure
			}
			if reason != "" && clients(s.Client).Abandon(ctx, s.Key, reason) == nil {
				return
			}
		}
	}
}

// partOf names a node's invocations, for messages.
func (s *ChainSpec) partOf(node topology.ID) string {
	var names []string
	for i := range s.Invocations {
		if s.Invocations[i].Node == node {
			names = append(names, s.name(i))
		}
	}
	return strings.Join(append(names, ""), ": ")
}

// gather asks all nodes for what they know of a chain. What it returns with an error is of those that answered.
func gather[R Runner](
	ctx context.Context, s *ChainSpec, clients func(topology.ID) R, wait bool,
) (all []*Progress, err error) {
	for _, node := range s.Nodes() {
		p, failed := clients(node).Progress(ctx, s, wait)
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		all = append(all, p)
	}
	return all, err
}

// merged is what nodes know of each step together, in their order.
func merged(all []*Progress) []StepResult {
	steps := map[int]StepResult{}
	for _, p := range all {
		for _, s := range p.Steps {
			steps[s.Index] = steps[s.Index].with(s)
		}
	}
	list := make([]StepResult, 0, len(steps))
	for _, s := range steps {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b StepResult) int { return cmp.Compare(a.Index, b.Index) })
	return list
}

// take makes the result of what the nodes know: the steps whose begin and end are known.
func (r *ChainResult) take(all []*Progress) {
	steps := merged(all)
	r.Steps, r.Cold = nil, 0
	for _, s := range steps {
		if s.Start == 0 || s.End < s.Start {
			continue
		}
		if r.Start == 0 || s.Start < r.Start {
			r.Start = s.Start
		}
		r.End = max(r.End, s.End)
		if r.Steps = append(r.Steps, s); s.Cold {
			r.Cold++
		}
	}
}

// wasAt says what a chain was at that has not come to its end: what has begun first of that which has not ended.
func (s *ChainSpec) wasAt(all []*Progress) string {
	known := map[int]StepResult{}
	for _, step := range merged(all) {
		known[step.Index] = step
	}
	for _, m := range s.Messages {
		if step := known[m.Step]; step.End == 0 && step.Start != 0 {
			return fmt.Sprintf("the %s from %s to %s was under way", m.role(), s.name(m.From), s.name(m.To))
		}
	}
	for i := range s.Invocations {
		if last := s.Invocations[i].Steps[len(s.Invocations[i].Steps)-1]; known[last].End == 0 {
			return s.name(i) + " had not ended"
		}
	}
	return "all invocations had ended"
}

// validate says why this cannot be how far a node has got with its part.
func (p *Progress) validate(spec *ChainSpec) error {
	roles, last := spec.roles(), -1
	for _, s := range p.Steps {
		if role, planned := roles[s.Index]; !planned || s.Role != role || s.Index <= last {
			return fmt.Errorf("step %d of role %d after step %d is not the plan's", s.Index, s.Role, last)
		}
		if last = s.Index; s.Start < 0 || s.End < 0 || s.Remote < 0 {
			return fmt.Errorf("step %d: a moment before all time", s.Index)
		}
	}
	p.Failure = printable(shortened(p.Failure))
	return nil
}
