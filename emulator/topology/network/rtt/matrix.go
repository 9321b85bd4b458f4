// Package rtt makes networks of measured round-trip times: a square matrix as CSV, lists of pairs as WonderNetwork's
// pings are published, and ping results of RIPE Atlas. Every two hosts have a link of their own, of half the round-trip
// time in each direction.
package rtt

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
)

// maxPairs is how many pairs are read, of which a scenario may take some.
const maxPairs = 10 * network.MaxLinks

// pairs collects round-trip times.
type pairs struct {
	order []string
	known map[string]*site
	least map[[2]int]measured // by indices in order, the smaller first
	most  int

	untaken network.Untaken
}

// site is a place between which times were measured.
type site struct {
	index int
	label string
	line  int
}

// measured is a round-trip time and where it stands.
type measured struct {
	rtt  time.Duration
	line int
	of   int // measurements
}

func newPairs() *pairs {
	return &pairs{known: map[string]*site{}, least: map[[2]int]measured{}, most: maxPairs}
}

// site is the one with an ID, which is added where it is new.
func (p *pairs) site(id, label string, line int) *site {
	s := p.known[id]
	if s == nil {
		s = &site{len(p.order), label, line}
		p.known[id] = s
		p.order = append(p.order, id)
	}
	return s
}

// add takes a measurement; of several of a pair, in whichever direction, the least is kept.
func (p *pairs) add(a, b *site, rtt time.Duration, line int) error {
	if a == b {
		return nil
	}
	key := [2]int{min(a.index, b.index), max(a.index, b.index)}
	m, there := p.least[key]
	if !there && len(p.least) >= p.most {
		return network.Failf(line, "there are more than %d pairs", p.most)
	}
	if !there || rtt < m.rtt {
		m.rtt, m.line = rtt, line
	}
	m.of++
	p.least[key] = m
	return nil
}

// graph makes the network: a link for each pair that was measured. Hosts without one are left out.
func (p *pairs) graph() (*network.Graph, error) {
	g := &network.Graph{Measured: true}
	linked := make([]bool, len(p.order))
	for pair := range p.least {
		linked[pair[0]], linked[pair[1]] = true, true
	}
	for i, id := range p.order {
		s := p.known[id]
		if !linked[i] {
			p.untaken.Add("hosts without a round-trip time", cmp.Or(s.label, id), s.line)
			continue
		}
		g.Nodes = append(g.Nodes, network.Node{ID: id, Label: s.label, Line: s.line, Kind: topology.Host, Class: "host"})
	}
	several := false
	for a := range p.order {
		for b := a + 1; b < len(p.order); b++ {
			m, there := p.least[[2]int{a, b}]
			if !there {
				continue
			}
			several = several || m.of > 1
			l := network.Link{Line: m.line, Ends: []network.End{{Node: p.order[a]}, {Node: p.order[b]}},
				Notes: []string{"delay: half of the round-trip time of " + m.rtt.String()}}
			var s network.Shape
			s.Delay, s.HasDelay = m.rtt/2, true
			l.Both(s)
			g.Links = append(g.Links, l)
		}
	}
	if len(g.Links) == 0 {
		return nil, errors.New("there are no two hosts with a round-trip time between them")
	}
	if several {
		g.Notes = append(g.Notes, "of several round-trip times of a pair, in either direction, the least is taken")
	}
	g.Notes = append(g.Notes, p.untaken.Notes()...)
	return g, nil
}

// records reads a CSV file, whose separator is a comma, a semicolon or a tab, and gives each record with its line.
func records(text []byte, each func(record []string, line int) error) error {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	first, _, _ := bytes.Cut(text, []byte("\n"))
	for _, c := range []rune{';', '\t'} {
		if bytes.ContainsRune(first, c) && !bytes.ContainsRune(first, ',') {
			r.Comma = c
		}
	}
	r.TrimLeadingSpace = r.Comma != '\t' // that would be an empty field
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			return network.Failf(parse.Line, "this is not CSV: %w", parse.Err)
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		if err := each(record, line); err != nil {
			return err
		}
	}
}

// Matrix reads a square matrix of round-trip times in ms, with the names in its first row and column, in the same
// order.
// Cells that are empty, or a hyphen, are pairs that were not measured; of the two of a pair the least is taken.
func Matrix(text []byte, _ catalogue.Values) (*network.Graph, error) {
	p := newPairs()
	var header []*site
	row := 0
	err := records(text, func(record []string, line int) error {
		if header == nil {
			if len(record)-1 > network.MaxNodes {
				return network.Failf(line, "there are %d hosts, and a scenario has %d at most", len(record)-1, network.MaxNodes)
			}
			for _, name := range record[1:] {
				if name = strings.TrimSpace(name); name == "" || p.known[name] != nil {
					return network.Failf(line, "the name %s is empty or given twice", network.Shown(name))
				}
				header = append(header, p.site(strings.Clone(name), "", line))
			}
			return nil
		}
		name := strings.TrimSpace(record[0])
		if row >= len(header) || p.known[name] == nil || p.known[name].index != row || len(record) != len(header)+1 {
			return network.Failf(line, "the row %s does not fit the first one: a matrix has as many rows as names, in their "+
				"order", network.Shown(name))
		}
		for i, cell := range record[1:] {
			if cell = strings.TrimSpace(cell); cell == "" || cell == "-" || i == row {
				continue
			}
			rtt, err := network.Milliseconds(cell)
			if err != nil {
				return network.Failf(line, "column %d: %w", i+2, err)
			}
			if err := p.add(header[row], header[i], rtt, line); err != nil {
				return err
			}
		}
		row++
		return nil
	})
	if err != nil {
		return nil, err
	}
	if row < len(header) {
		return nil, network.Failf(1, "the matrix is not square: %s and %s; the row %s is the first "+
			"that is missing", printable.There(len(header), "name"), printable.Count(row, "row"), network.Shown(p.order[row]))
	}
	return p.graph()
}

// DetectMatrix says whether a file begins as a matrix does: its second row has the first name of the first row.
func DetectMatrix(head []byte) bool {
	var rows [][]string
	stop := errors.New("enough")
	err := records(head, func(record []string, _ int) error {
		rows = append(rows, slices.Clone(record[:min(2, len(record))]))
		if len(rows) == 2 {
			return stop
		}
		return nil
	})
	return errors.Is(err, stop) && len(rows[0]) == 2 && len(rows[1]) == 2 && strings.TrimSpace(rows[0][1]) != "" &&
		strings.TrimSpace(rows[0][1]) == strings.TrimSpace(rows[1][0]) && network.IsName(rows[0][1])
}
