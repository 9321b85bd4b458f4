package faas

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/plan"
	"testbed/emulator/units"
)

const (
	headerStores = "X-Testbed-Stores" // of a program's call: names of its states, by which it may know them; NAME;;NAME
	headerSizes  = "X-Testbed-Sizes"  // of its response: sizes of its states before and after; READ,WRITTEN;READ,WRITTEN
	callProgram  = "p"                // in a call's last field: the function is a program
	callScaled   = "i"                // in a call's last field: its instances start and end
)

// resized is the size of a state in bytes, before and after an invocation of a program.
type resized struct{ read, written int64 }

// appendStores appends the header that names states, where one has a name besides its usual one.
func (c *call) appendStores(b []byte) []byte {
	names, named := make([]string, len(c.states)), false
	for i, s := range c.states {
		names[i] = s.store
		named = named || s.store != ""
	}
	if !named {
		return b
	}
	return fmt.Appendf(b, "%s: %s\r\n", headerStores, strings.Join(names, ";"))
}

// parseStores reads what appendStores wrote.
func (c *call) parseStores(h http.Header) error {
	text := h.Get(headerStores)
	if text == "" {
		return nil
	}
	names := strings.Split(text, ";")
	if !c.program || len(names) != len(c.states) {
		return fmt.Errorf("header %s: %d names of %d states", headerStores, len(names), len(c.states))
	}
	for i, name := range names {
		if err := checkStore(name); err != nil {
			return fmt.Errorf("header %s: %w", headerStores, err)
		}
		c.states[i].store = name
	}
	return nil
}

// checkStore accepts the name of a state, or none.
func checkStore(name string) error {
	if len(name) > maxName {
		return fmt.Errorf("the name of a state has %d bytes; it may have %d", len(name), maxName)
	}
	for i := range len(name) {
		if !keyByte(name[i]) || name[i] == '/' {
			return fmt.Errorf("the name %.100q of a state: %q is not allowed", name, name[i])
		}
	}
	return nil
}

// stores are the names that a function may use for the call's state of an index.
func (c *call) stores(i int) []string {
	names := []string{dapr.StoreName(i)}
	if name := c.states[i].store; name != "" {
		names = append(names, name)
	}
	return names
}

// setSizes writes the header with the states' sizes, where there are states.
func (r *reply) setSizes(h http.Header) {
	if len(r.sizes) == 0 {
		return
	}
	var b []byte
	for i, s := range r.sizes {
		if i > 0 {
			b = append(b, ';')
		}
		b = strconv.AppendInt(append(strconv.AppendInt(b, s.read, 10), ','), s.written, 10)
	}
	h[headerSizes] = []string{string(b)}
}

// parseSizes reads what setSizes wrote, in the response to a program's call.
func (r *reply) parseSizes(c *call, h http.Header) error {
	if len(c.states) == 0 {
		return nil
	}
	items := strings.Split(h.Get(headerSizes), ";")
	if len(items) != len(c.states) {
		return fmt.Errorf("header %s: sizes of %d states, not of %d", headerSizes, len(items), len(c.states))
	}
	var n numbers
	for _, item := range items {
		read, written, _ := strings.Cut(item, ",")
		s := resized{n.size(read), n.size(written)}
		if n.err != nil || max(s.read, s.written) > maxBody {
			return fmt.Errorf("header %s: %.50q are no sizes up to %d", headerSizes, item, maxBody)
		}
		r.sizes = append(r.sizes, s)
	}
	return nil
}

// returned is what comes back of states with the response to a program's call, in bytes.
func (r *reply) returned(c *call) int64 {
	sum := int64(0)
	for i, s := range c.states {
		if s.location == plan.Carried {
			sum = units.Add(sum, r.sizes[i].written)
		}
	}
	return sum
}
