package faas

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"

	"testbed/emulator/plan"
	"testbed/emulator/units"
)

// ProgramResult is what became of one invocation of a program, whose sizes nobody knows before.
type ProgramResult struct {
	Invocation int    `json:"invocation"` // index in the chain
	Argument   int64  `json:"argument"`   // bytes
	Result     int64  `json:"result"`     // bytes
	Digest     string `json:"digest"`     // of the result, see DigestOf
	// States are the sizes of the invocation's states, in its order.
	States []StateSizes `json:"states,omitempty"`
}

// StateSizes are a state's sizes in bytes, before and after a program's invocation.
type StateSizes struct {
	State   int   `json:"state"`
	Read    int64 `json:"read"`
	Written int64 `json:"written"`
}

// DigestOf is the first 8 bytes of content's SHA-256, in hexadecimal: enough to tell apart what ought to be the same.
func DigestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// Bounds of what a chain's result says of programs, in bytes of JSON.
const (
	programBytes = 160 // of an invocation
	sizesBytes   = 96  // of one of its states
)

// programAnswer is the most that the chain's result can say of programs, in bytes.
func (s *ChainSpec) programAnswer() int64 {
	sum := int64(0)
	for i := range s.Invocations {
		if s.Invocations[i].Program {
			sum += programBytes + sizesBytes*int64(len(s.Invocations[i].States))
		}
	}
	return sum
}

// validatePrograms says why the result cannot be of the chain's programs.
func (r *ChainResult) validatePrograms(spec *ChainSpec) error {
	last := -1
	for _, p := range r.Programs {
		if p.Invocation <= last || p.Invocation >= len(spec.Invocations) || !spec.Invocations[p.Invocation].Program {
			return fmt.Errorf("invocation %d after %d is none of a program", p.Invocation, last)
		}
		last = p.Invocation
		states := spec.Invocations[last].States
		if p.Argument < 0 || p.Argument > maxBody || p.Result < 0 || p.Result > maxBody || len(p.States) != len(states) {
			return fmt.Errorf("invocation %d has an argument of %d bytes, a result of %d, and %d states",
				last, p.Argument, p.Result, len(p.States))
		}
		if _, err := hex.DecodeString(p.Digest); err != nil || len(p.Digest) != 16 {
			return fmt.Errorf("invocation %d has the digest %.20q", last, p.Digest)
		}
		for i, s := range p.States {
			if s.State != states[i].State || s.Read < 0 || s.Read > maxBody || s.Written < 0 || s.Written > maxBody {
				return fmt.Errorf("invocation %d: state %d was of %d bytes, then of %d", last, s.State, s.Read, s.Written)
			}
		}
	}
	return nil
}

// callProgram sends a program's call to its worker and reads the response, whose size the worker says.
func (c *chain) callProgram(ctx context.Context, worker string, call *call, values []value) (response, error) {
	path := "/function/" + url.PathEscape(call.function)
	m := message{method: http.MethodPost, path: path, header: call.header(), body: c.argument(call)}
	for _, v := range values {
		m.body = append(m.body, v.content.data)
	}
	var back response
	err := c.peers.do(ctx, worker, &m, func(resp *http.Response) (err error) {
		if back.reply, err = parseReply(call, resp.Header); err != nil {
			return err
		}
		result := resp.ContentLength - back.reply.returned(call)
		if result < 0 || resp.ContentLength > maxBody {
			return fmt.Errorf("the response has %d bytes, of which %d are states; it may have %d",
				resp.ContentLength, back.reply.returned(call), maxBody)
		}
		if back.result, err = c.pools.receive(ctx, resp.Body, 0, result, nil); err != nil {
			return err
		}
		for i, s := range call.states {
			if s.location != plan.Carried {
				continue
			}
			b, err := c.pools.receive(ctx, resp.Body, 0, back.sizes[i].written, nil)
			if err != nil {
				return err
			}
			back.states = append(back.states, b)
		}
		return nil
	})
	if err != nil {
		back.result.release()
		release(back.states)
		return response{}, err
	}
	back.cold = m.cold
	return back, nil
}

// ownProgram executes a program's call in the client itself, without any network.
func (c *chain) ownProgram(ctx context.Context, _ string, call *call, values []value) (response, error) {
	argument, err := c.pools.take(ctx, call.argument)
	if err != nil {
		return response{}, err
	}
	defer argument.release()
	rest := argument.data
	for _, part := range c.argument(call) {
		rest = rest[copy(rest, part):]
	}
	carried := make([][]byte, len(values))
	for i, v := range values {
		carried[i] = v.content.data
	}
	t, err := c.turn(ctx, call, argument.data, carried)
	defer t.release()
	if err != nil {
		return response{}, err
	}
	back := response{reply: &t.reply}
	if back.result, err = c.pools.take(ctx, int64(len(t.result))); err != nil {
		return response{}, err
	}
	copy(back.result.data, t.result)
	t.reply.times = append(t.reply.times, c.clock.moment())
	for i, s := range call.states {
		if s.location == plan.Carried {
			back.states = append(back.states, t.states[i].next.content.retain())
		}
	}
	return back, nil
}

// exchangeOf is how an invocation gets to its function and back.
func (c *chain) exchangeOf(inv *InvocationSpec) func(context.Context, string, *call, []value) (response, error) {
	switch {
	case inv.Program && inv.Worker == "":
		return c.ownProgram
	case inv.Program:
		return c.callProgram
	case inv.Worker == "":
		return c.locally
	}
	return c.remotely
}

// programResult is what became of a program's invocation; nil: the function is built in.
func (c *chain) programResult(index int, call *call, back *response) *ProgramResult {
	if !call.program {
		return nil
	}
	p := &ProgramResult{Invocation: index, Argument: call.argument, Result: int64(len(back.result.data)),
		Digest: DigestOf(back.result.data)}
	for i, s := range back.sizes {
		p.States = append(p.States, StateSizes{call.states[i].state, s.read, s.written})
	}
	return p
}

// addProgram enters it into the result, in the order of invocations. The caller holds mu.
func (c *chain) addProgram(p *ProgramResult) {
	if p == nil {
		return
	}
	all := c.result.Programs
	at := len(all)
	for at > 0 && all[at-1].Invocation > p.Invocation {
		at--
	}
	c.result.Programs = append(all[:at:at], append([]ProgramResult{*p}, all[at:]...)...)
}

// Moved is how many bytes an invocation's steps moved, by role: the request, the response, and each state that was read
// from a repository or written to it, in order. It is of programs; those of other functions are the plan's.
func (p *ProgramResult) Moved(inv *InvocationSpec) map[plan.Role][]int64 {
	request, response := p.Argument, p.Result
	moved := map[plan.Role][]int64{}
	for i, s := range p.States {
		switch inv.States[i].Location {
		case plan.Carried:
			request, response = units.Add(request, s.Read), units.Add(response, s.Written)
		case plan.Repository:
			moved[plan.Read] = append(moved[plan.Read], s.Read)
			moved[plan.Write] = append(moved[plan.Write], s.Written)
		}
	}
	moved[plan.Request], moved[plan.Response] = []int64{request}, []int64{response}
	return moved
}
