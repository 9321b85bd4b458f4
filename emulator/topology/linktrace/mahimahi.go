package linktrace

import (
	"bytes"
	"fmt"
	"strconv"
)

// parseOpportunities reads mahimahi's lines. An empty one, or one out of order, is an error, as it is to mahimahi.
func (t *Trace) parseOpportunities(name string, text []byte) error {
	t.Opportunities = make([]uint32, 0, min(bytes.Count(text, []byte("\n"))+1, MaxOpportunities))
	before := uint64(0)
	for number := 1; len(text) > 0; number++ {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		at, err := strconv.ParseUint(string(bytes.TrimSuffix(line, []byte("\r"))), 10, 32)
		switch {
		case err != nil:
			return &Error{name, number, fmt.Sprintf("%s is not a time in whole milliseconds", quoted(line)),
				"write one number a line, the millisecond of an opportunity"}
		case at < before:
			return &Error{name, number, fmt.Sprintf("%d ms is before the %d ms of the line above", at, before),
				"sort the lines: sort -n"}
		case at > uint64(MaxPeriod.Milliseconds()):
			return &Error{name, number, fmt.Sprintf("%d ms is more than a day", at), "cut the trace"}
		case len(t.Opportunities) == MaxOpportunities:
			return &Error{name, number, fmt.Sprintf("there are more than %d opportunities", MaxOpportunities), "cut the trace"}
		}
		t.Opportunities = append(t.Opportunities, uint32(at))
		before = at
	}
	if len(t.Opportunities) == 0 {
		return &Error{name, 1, "there is no opportunity", "write one number a line, the millisecond of an opportunity"}
	}
	return nil
}

// quoted is some text of a file for an error.
func quoted(text []byte) string {
	const most = 40
	if len(text) > most {
		return strconv.Quote(string(text[:most])) + "..."
	}
	return strconv.Quote(string(text))
}
