package rtt

import (
	"bytes"
	"slices"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/printable"
	"testbed/emulator/topology/network"
)

// columns of a list of pings, by the names that they go by: WonderNetwork's are source, destination, timestamp, min,
// avg, max and mdev.
var (
	from  = []string{"source", "from", "src"}
	to    = []string{"destination", "to", "dst"}
	least = []string{"min", "rtt", "rtt_ms", "avg"}
)

// column is the index of the first of the names that a header has; -1: it has none.
func column(header, names []string) int {
	for _, name := range names {
		for i := range header {
			if strings.EqualFold(strings.TrimSpace(header[i]), name) {
				return i
			}
		}
	}
	return -1
}

// Pings reads a list of pings as CSV, with a header: source, destination and, in ms, min (or rtt, or avg where there is
// neither). Of several of a pair the least is taken.
func Pings(text []byte, _ catalogue.Values) (*network.Graph, error) {
	p := newPairs()
	var a, b, rtt, fields int
	err := records(text, func(record []string, line int) error {
		if fields == 0 {
			fields = len(record)
			a, b, rtt = column(record, from), column(record, to), column(record, least)
			if a < 0 || b < 0 || rtt < 0 {
				return network.Failf(line, "this is not a list of pings: its header needs source, destination and min, rtt or avg")
			}
			return nil
		}
		if len(record) != fields {
			return network.Failf(line, "%s, and %d in the header: quote what has a separator in it",
				printable.There(len(record), "field"), fields)
		}
		source, err := p.named(record[a], line)
		if err != nil {
			return err
		}
		destination, err := p.named(record[b], line)
		if err != nil {
			return err
		}
		text := strings.TrimSpace(record[rtt])
		if text == "" || strings.EqualFold(text, "null") || text == `\N` {
			return nil // it was lost
		}
		ms, err := network.Milliseconds(text)
		if err != nil {
			return network.Failf(line, "%w", err)
		}
		return p.add(source, destination, ms, line)
	})
	if err != nil {
		return nil, err
	}
	return p.graph()
}

// named is a site of a list, of which there are not too many.
func (p *pairs) named(id string, line int) (*site, error) {
	id = strings.TrimSpace(id)
	if id == "" {
		return nil, network.Failf(line, "a host has no name")
	}
	if p.known[id] == nil && len(p.order) >= network.MaxNodes {
		return nil, network.Failf(line, "there are more than %d hosts", network.MaxNodes)
	}
	return p.site(strings.Clone(id), "", line), nil
}

// DetectPings says whether a file begins as a list of pings does.
func DetectPings(head []byte) bool {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	header := strings.FieldsFunc(strings.ReplaceAll(string(first), `"`, ""), func(r rune) bool {
		return slices.Contains([]rune{',', ';', '\t', '\r'}, r)
	})
	return column(header, from) >= 0 && column(header, to) >= 0 && column(header, least) >= 0
}
