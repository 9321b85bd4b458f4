package faas

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"testbed/emulator/units"
)

// pathNext is what a worker posts the next one's message to, and the last one the client's. The header says which of
// the chain's messages it is; all else was told beforehand. The answer is 202 as soon as the message is there.
const pathNext = "/next"

// headerNext has wireFormat, the chain's key and the message's number.
const headerNext = "X-Testbed-Next"

func (p *part) appendHeader(b []byte, message int, states []value) []byte {
	b = fmt.Appendf(b, "%s: %s %s %d\r\n", headerNext, wireFormat, p.spec.Key, message)
	for i, v := range states {
		if i == 0 {
			b = append(b, headerStates+": "...)
		} else {
			b = append(b, ';')
		}
		b = append(b, formatVersion(v.version, v.sum)...)
	}
	if len(states) > 0 {
		b = append(b, "\r\n"...)
	}
	return b
}

// parseNext reads the header of a message.
func parseNext(h http.Header) (key string, message int, err error) {
	fields := strings.Fields(h.Get(headerNext))
	if len(fields) != 3 || fields[0] != wireFormat {
		return "", 0, fmt.Errorf("header %s: want %s, a key and a number, have %d fields, beginning with %.20q",
			headerNext, wireFormat, len(fields), first(fields))
	}
	var n numbers
	message = n.index(fields[2])
	return fields[1], message, errors.Join(n.err, checkKey(fields[1]))
}

// parseCarried reads the versions of the states that a message carries.
func (p *part) parseCarried(h http.Header) ([]version, error) {
	text := h.Get(headerStates)
	if len(p.spec.Carried) == 0 && text == "" {
		return nil, nil
	}
	items := strings.Split(text, ";")
	if len(items) != len(p.spec.Carried) {
		return nil, fmt.Errorf("header %s: %d states came of %d", headerStates, len(items), len(p.spec.Carried))
	}
	var all []version
	for _, item := range items {
		v, sum, err := parseVersion(item)
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", headerStates, err)
		}
		all = append(all, version{v, sum})
	}
	return all, nil
}

// handleNext takes a message in and answers at once: what follows goes on by itself.
func (a *Agent) handleNext(w http.ResponseWriter, r *http.Request) {
	key, message, err := parseNext(r.Header)
	if err != nil {
		a.refuse(w, r, http.StatusBadRequest, err)
		return
	}
	p, err := a.parts.find(key)
	if err == nil {
		err = p.expect(message)
	}
	if err != nil {
		a.refuse(w, r, statusOf(err), fmt.Errorf("chain %s: %w", key, err))
		return
	}
	with, err := p.receive(w, r, message)
	if err != nil {
		p.unexpect(message)
		a.refuse(w, r, statusOfBody(err), fmt.Errorf("message %d: %w", message, err))
		return
	}
	p.arrive(message, a.clock.moment(), with)
	respond(w, http.StatusAccepted, nil)
}

// receive reads a message: the argument, and the states that it carries.
func (p *part) receive(w http.ResponseWriter, r *http.Request, message int) (*cargo, error) {
	argument := p.spec.Messages[message].Bytes
	if want := units.Add(argument, p.spec.carriedBytes()); r.ContentLength != want {
		return nil, fmt.Errorf("the body has %d bytes, not %d", r.ContentLength, want)
	}
	versions, err := p.parseCarried(r.Header)
	if err != nil {
		return nil, err
	}
	body := p.body(w, r)
	with := &cargo{}
	take := func(n int64) (*blob, error) {
		b, err := p.pools.receive(r.Context(), r.Body, 0, n, body.progress)
		if err != nil {
			with.release()
		}
		return b, stalled(err, p.limits.stall)
	}
	if argument > 0 {
		b, err := take(argument)
		if err != nil {
			return nil, err
		}
		with.arguments = append(with.arguments, b)
	}
	for i, state := range p.spec.Carried {
		b, err := take(p.spec.StateBytes[state])
		if err != nil {
			return nil, err
		}
		with.states = append(with.states, value{b, versions[i].version, versions[i].sum})
	}
	body.end()
	return with, nil
}

// sendFrom sends what follows an invocation, -1: what the client begins with, all at the same time.
func (p *part) sendFrom(invocation int, states []value) {
	var mine []int
	for i := range p.spec.Messages {
		if p.spec.Messages[i].From == invocation {
			mine = append(mine, i)
		}
	}
	for _, i := range mine[1:] {
		p.enter()
		go func() {
			defer p.leave()
			p.send(i, states)
		}()
	}
	p.send(mine[0], states)
}

// send hands a message to the node that it is for.
func (p *part) send(message int, states []value) {
	m := &p.spec.Messages[message]
	s := StepResult{Index: m.Step, Role: m.role(), Start: p.clock.moment()}
	p.tell(s)
	to, address := p.spec.at(m.To)
	if to == p.node {
		with := &cargo{states: slices.Clone(states)}
		for _, v := range states {
			v.content.retain()
		}
		p.arrive(message, p.clock.moment(), with)
		return
	}
	request := newNext(p.appendHeader(nil, message, states), p.filling(m.Bytes))
	for _, v := range states {
		request.body = append(request.body, v.content.data)
	}
	err := p.peers.do(p.ctx, address, request, func(*http.Response) error { return nil })
	if err != nil {
		p.fail(fmt.Errorf("%s from %s to %s: %w", m.role(), p.spec.name(m.From), p.spec.name(m.To), err))
		return
	}
	if request.cold {
		s.Cold = true
		p.tell(s)
	}
}

func newNext(header []byte, body [][]byte) *message {
	return &message{method: http.MethodPost, path: pathNext, header: header, body: body}
}

func (p *part) tell(s StepResult) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(s)
}

// runChained begins a chain in which workers call each other, as its client, and waits for its end.
func (a *Agent) runChained(ctx context.Context, spec *ChainSpec) (*ChainResult, error) {
	p, err := a.parts.find(spec.Key)
	if err != nil {
		return nil, err
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { p.fail(context.Cause(ctx)) })
	defer stop()
	result := &ChainResult{Key: spec.Key, Job: spec.Job, Model: spec.Model, Start: a.clock.moment()}
	go p.start()
	<-p.done
	result.End = a.clock.moment()
	so := p.progress()
	result.Steps, result.Error = so.Steps, so.Failure
	return result, nil
}

// open lets the client begin, once.
func (p *part) open() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.node != p.spec.Client || p.begun {
		return errors.New("it has begun already, or elsewhere")
	}
	p.begun = true
	p.active++
	return nil
}

// start sends the client's messages, with its states where those are carried.
func (p *part) start() {
	defer p.leave()
	with := &cargo{}
	defer with.release()
	local := false
	for i := range p.spec.Messages {
		to, _ := p.spec.at(p.spec.Messages[i].To)
		local = local || p.spec.Messages[i].From < 0 && to == p.node
	}
	for _, state := range p.spec.Carried {
		v, err := p.copyOf(state, local)
		if err != nil {
			p.fail(fmt.Errorf("the client's copy of state %d: %w", state, err))
			return
		}
		with.states = append(with.states, v)
	}
	p.sendFrom(-1, with.states)
}

// copyOf is the client's copy of a state or, where a function of its own changes what it gets, one of that.
func (p *part) copyOf(state int, another bool) (value, error) {
	key, size := stateKey(p.spec.Key, state), p.spec.StateBytes[state]
	if another {
		return p.own(p.ctx, key, size)
	}
	v, err := p.states.get(key)
	if err != nil {
		return value{}, err
	}
	if have := int64(len(v.content.data)); have != size {
		v.content.release()
		return value{}, fmt.Errorf("it has %d bytes, not %d", have, size)
	}
	return v, nil
}
