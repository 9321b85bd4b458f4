package record

import (
	"cmp"
	"slices"
	"strings"
)

// Program is what one invocation of a function that is a program took and gave.
type Program struct {
	Task     int     // index in the job
	Function string  // its name
	Argument int64   // bytes
	Result   int64   // bytes
	Digest   string  // of the result, 16 hexadecimal digits
	Duration float64 // s that it was executed, as the step execute says; 0: not known
	States   []Resized
}

// Resized is the size of a state in bytes, before an invocation and after it.
type Resized struct{ Read, Written int64 }

// programFields adds what programs gave: bytes of all results, and digests of results and of the states that the chain
// left, in their order.
func (c *Chain) programFields(fields map[string]any) {
	if len(c.Programs) == 0 {
		return
	}
	sum, digests := int64(0), make([]string, len(c.Programs))
	for i := range c.Programs {
		sum += c.Programs[i].Result
		digests[i] = c.Programs[i].Digest
	}
	fields["result_bytes"], fields["result_digests"] = sum, strings.Join(digests, " ")
	states := slices.Clone(c.StateDigests)
	for i, digest := range states {
		states[i] = cmp.Or(digest, "-") // of functions that are built in
	}
	fields["state_digests"] = strings.Join(states, " ")
}
