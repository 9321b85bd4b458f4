// Package sndlib reads networks in SNDlib's native format (Orlowski et al., Networks 55(3), 2010).
package sndlib

import (
	"bytes"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/lazy"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/tree"
	"testbed/emulator/units"
)

var unit = catalogue.Option{Name: "capacity-unit", Unit: catalogue.BitRate, Min: 1, Max: 1e12, Default: 1,
	About: "What one unit of capacity in the file is, such as 1Mbps. Default, and 1bps: what the file itself says, or " +
		"else nothing, so that links have no rate"}

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return network.Formats.Of(catalogue.Entry[network.Format]{
		Description: catalogue.Description{
			Name: "sndlib", About: "SNDlib's native format", Brief: "SNDlib", Options: []catalogue.Option{unit},
		},
		Does: network.Format{Detect: Detect, Parse: Parse},
	})
}

var nodes = lazy.Regexp(`(?m)^\s*NODES\s*\(`)

// Detect says whether a file begins as a native one does.
func Detect(head []byte) bool {
	return bytes.Contains(head, []byte("SNDlib native format")) || nodes().Match(head)
}

// Parse reads the sections NODES and LINKS; demands, paths and costs are not used. A link's rate is its pre-installed
// capacity or, where that is 0, the capacity of its only module.
func Parse(text []byte, options catalogue.Values) (*network.Graph, error) {
	p := &parser{graph: &network.Graph{}}
	if u := options.Of(unit.Name); u > unit.Default {
		p.unit = units.BitRate(u)
	}
	if err := p.split(string(text)); err != nil {
		return nil, err
	}
	if !nodes().Match(text) {
		return nil, network.Failf(1, "this is not SNDlib's native format: there is no section NODES (")
	}
	var errs network.Errors
	for !p.done() {
		errs.Add(p.section())
		if p.broken {
			break
		}
	}
	if p.drawn != nil {
		for i := range p.graph.Nodes {
			p.graph.Nodes[i].Place = nil
		}
		p.graph.Notes = append(p.graph.Notes, "left out: all coordinates; "+p.drawn.Error())
	}
	p.graph.Notes = append(p.graph.Notes, p.untaken.Notes()...)
	return p.graph, errs.Join()
}

// word is one token and its line.
type word struct {
	text string
	line int
}

type parser struct {
	graph  *network.Graph
	unit   units.BitRate // 0: not known
	words  []word
	at     int
	broken bool  // the rest makes no sense
	drawn  error // why coordinates are those of a drawing; nil: they are places

	untaken network.Untaken
}

// split cuts the text into words and parentheses; what follows # or ? on a line is a comment.
func (p *parser) split(text string) error {
	var budget tree.Budget
	for i, line := range strings.Split(text, "\n") {
		if cut := strings.IndexAny(line, "#?"); cut >= 0 {
			line = line[:cut]
		}
		for _, field := range strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(line)) {
			if err := budget.Take(i+1, 0); err != nil {
				return err
			}
			p.words = append(p.words, word{field, i + 1})
		}
	}
	return nil
}

func (p *parser) done() bool { return p.at >= len(p.words) }

// line is that of the next word, or the last one.
func (p *parser) line() int {
	if len(p.words) == 0 {
		return 1
	}
	return p.words[min(p.at, len(p.words)-1)].line
}

// next takes the next word; empty: there is none.
func (p *parser) next() string {
	if p.done() {
		return ""
	}
	p.at++
	return p.words[p.at-1].text
}

// group takes the words between a parenthesis and the one that closes it.
func (p *parser) group() ([]string, error) {
	line := p.line()
	if p.next() != "(" {
		p.broken = true
		return nil, network.Failf(line, "a parenthesis is missing")
	}
	var all []string
	for depth := 1; ; {
		switch w := p.next(); w {
		case "":
			p.broken = true
			return nil, network.Failf(line, "the parenthesis that opens here is never closed")
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return all, nil
			}
		default:
			all = append(all, w)
		}
	}
}

// section reads NAME ( ... ).
func (p *parser) section() error {
	name := p.next()
	switch name {
	case "NODES", "LINKS":
	case "META":
		return p.meta()
	default:
		line := p.line()
		all, err := p.group()
		if len(all) > 0 {
			p.untaken.Add("the file", name, line)
		}
		return err
	}
	line := p.line()
	if p.next() != "(" {
		p.broken = true
		return network.Failf(line, "a parenthesis is missing after %s", name)
	}
	var errs network.Errors
	for !p.done() && p.words[p.at].text != ")" && !p.broken {
		if name == "NODES" {
			errs.Add(p.node())
		} else {
			errs.Add(p.link())
		}
	}
	if p.next() != ")" && !p.broken {
		p.broken = true
		errs.Add(network.Failf(line, "the section %s is never closed", name))
	}
	return errs.Join()
}

// meta reads the unit of the file's numbers, such as unit = MBITPERSEC.
func (p *parser) meta() error {
	all, err := p.group()
	for i := 0; i+2 < len(all); i++ {
		if all[i] != "unit" || all[i+1] != "=" || p.unit > 0 {
			continue
		}
		prefix, _, ok := strings.Cut(strings.ToUpper(all[i+2]), "BITPERSEC")
		p.unit = map[string]units.BitRate{"": units.BitPerSecond, "K": units.Kbps, "M": units.Mbps, "G": units.Gbps}[prefix]
		if !ok {
			p.unit = 0
		}
	}
	return err
}

// node reads ID ( longitude latitude ). Where those of one node are no place on the earth, all are of a drawing.
func (p *parser) node() error {
	n := network.Node{Line: p.line(), ID: p.next(), Kind: topology.Switch}
	at, err := p.group()
	if err != nil {
		return err
	}
	if len(at) == 2 {
		if n.Place, err = network.NewPosition(at[1], at[0]); err != nil && p.drawn == nil {
			p.drawn = network.Failf(n.Line, "%w", err)
		}
	}
	p.graph.Nodes = append(p.graph.Nodes, n)
	return nil
}

// link reads ID ( source target ) capacity cost cost cost ( capacity cost ... ).
func (p *parser) link() error {
	l := network.Link{Line: p.line(), Name: p.next()}
	ends, err := p.group()
	if err != nil {
		return err
	}
	for _, id := range ends {
		l.Ends = append(l.Ends, network.End{Node: id})
	}
	var figures []string
	for !p.done() && p.words[p.at].text != "(" && p.words[p.at].text != ")" {
		figures = append(figures, p.next())
	}
	modules, err := p.group()
	if err != nil {
		return err
	}
	if len(figures) > 0 {
		if x, err := network.Number(figures[0]); err != nil {
			return network.Failf(l.Line, "the capacity: %w", err)
		} else if x == 0 && len(modules) == 2 {
			figures[0] = modules[0]
			l.Notes = append(l.Notes, "rate: of the only module, as no capacity is installed")
		}
		if err := p.rate(&l, figures[0]); err != nil {
			return err
		}
	}
	p.graph.Links = append(p.graph.Links, l)
	return nil
}

// rate gives a link the rate of a capacity, where its unit is known.
func (p *parser) rate(l *network.Link, capacity string) error {
	var s network.Shape
	x, err := network.Number(capacity)
	switch {
	case err != nil:
		return network.Failf(l.Line, "the capacity: %w", err)
	case x == 0:
		s.Doubt = "its capacity is 0"
	case p.unit == 0:
		s.Doubt = "its capacity " + network.Shown(capacity) + " has no unit; name it, as with capacity-unit: 1Mbps"
	default:
		if s.Rate, err = network.BitRate(x * float64(p.unit)); err != nil {
			return network.Failf(l.Line, "the capacity: %w", err)
		}
		s.HasRate = true
	}
	l.Both(s)
	return nil
}
