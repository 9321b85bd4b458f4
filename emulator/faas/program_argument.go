package faas

import (
	"fmt"
	"net/http"
	"strings"

	"testbed/emulator/units"
)

// headerLengths says, of a program's call whose argument is what others have answered, the bytes of each: N,N.
const headerLengths = "X-Testbed-Lengths"

// given is what a program is called with, where that is not bytes without a meaning.
type given struct {
	parts   []*blob // one after the other; held until it is released
	lengths []int64 // of each, where they are several results
}

// give makes a call's argument what its invocation says: a payload, or what those before it have answered, in the order
// of After. The caller releases it.
func (c *chain) give(inv *InvocationSpec, call *call) (g given, err error) {
	switch {
	case !inv.Program:
		return g, nil
	case inv.Previous:
		c.mu.Lock()
		for _, before := range inv.After {
			b := c.results[before]
			g.parts = append(g.parts, b.retain())
			if len(inv.After) > 1 {
				g.lengths = append(g.lengths, int64(len(b.data)))
			}
		}
		c.mu.Unlock()
	case inv.Payload != "":
		b, err := c.payloads.of(inv.Payload)
		if err != nil {
			return g, err
		}
		g.parts = append(g.parts, b)
	default:
		return g, nil
	}
	call.argument, call.lengths, call.given = 0, g.lengths, [][]byte{}
	for _, b := range g.parts {
		call.argument = units.Add(call.argument, int64(len(b.data)))
		call.given = append(call.given, b.data)
	}
	return g, nil
}

func (g given) release() { release(g.parts) }

// keep keeps a result for those that take it as their argument. The caller holds mu.
func (c *chain) keep(index int, result *blob) {
	for i := range c.spec.Invocations {
		inv := &c.spec.Invocations[i]
		for _, before := range inv.After {
			if inv.Previous && before == index && c.results[index] == nil {
				c.results[index] = result.retain()
			}
		}
	}
}

// forget releases what was kept.
func (c *chain) forget() {
	for _, b := range c.results {
		b.release()
	}
}

// argument is what a program is called with, in parts.
func (c *chain) argument(call *call) [][]byte {
	if call.given != nil {
		return call.given
	}
	return c.filling(call.argument)
}

// validateArgument says why the invocation cannot get its argument.
func (s *ChainSpec) validateArgument(inv *InvocationSpec) error {
	switch {
	case inv.Payload == "" && !inv.Previous:
		return nil
	case !inv.Program || inv.Payload != "" && inv.Previous:
		return fmt.Errorf("function %s: its argument is both a file and what others have answered, or it is no program",
			inv.Function)
	case inv.Payload != "":
		return checkPayload(inv.Payload)
	}
	for _, before := range inv.After {
		if before < 0 || before >= len(s.Invocations) || !s.Invocations[before].Program {
			return fmt.Errorf("function %s takes what the function before has answered, and that is built in: "+
				"make it a program, or write argument: synthetic", inv.Function)
		}
	}
	return nil
}

// appendLengths appends the header with the lengths of several results.
func (c *call) appendLengths(b []byte) []byte {
	if c.lengths == nil {
		return b
	}
	list := strings.Trim(strings.ReplaceAll(fmt.Sprint(c.lengths), " ", ","), "[]")
	return fmt.Appendf(b, "%s: %s\r\n", headerLengths, list)
}

// parseLengths reads what appendLengths wrote. The lengths sum up to the argument's.
func (c *call) parseLengths(h http.Header) error {
	text := h.Get(headerLengths)
	if text == "" {
		return nil
	}
	var n numbers
	sum := int64(0)
	for item := range strings.SplitSeq(text, ",") {
		c.lengths = append(c.lengths, n.size(item))
		sum = units.Add(sum, c.lengths[len(c.lengths)-1])
	}
	if n.err != nil || !c.program || sum != c.argument {
		return fmt.Errorf("header %s: %.50q are not the lengths of a program's argument of %d bytes", headerLengths, text,
			c.argument)
	}
	return nil
}
