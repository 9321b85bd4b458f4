// Package kollaps reads the experiments of Kollaps (Gouveia et al., EuroSys 2020): services, bridges and links as XML.
package kollaps

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/tree"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return network.Formats.Of(catalogue.Entry[network.Format]{
		Description: catalogue.Description{
			Name: "kollaps", About: "an experiment of Kollaps in XML, without its dynamic part", Brief: "Kollaps' XML",
		},
		Does: network.Format{Detect: Detect, Parse: Parse},
	})
}

// Detect says whether a file begins as an experiment does.
func Detect(head []byte) bool { return bytes.Contains(head, []byte("<experiment")) }

// Parse reads an experiment.
func Parse(text []byte, _ catalogue.Values) (*network.Graph, error) {
	root, err := tree.XML(text)
	if err != nil {
		return nil, err
	}
	if root.Name != "experiment" {
		return nil, network.Failf(root.Line, "this is not an experiment of Kollaps: the root is %s", network.Shown(root.Name))
	}
	p := &parser{graph: &network.Graph{Unshaped: true}, replicas: map[string]int{}}
	for _, list := range root.All("services") {
		for _, e := range list.All("service") {
			p.untaken.Attrs("services", e, "name", "image", "supervisor", "replicas", "share")
			p.errs.Add(p.service(e))
		}
	}
	for _, list := range root.All("bridges") {
		for _, e := range list.All("bridge") {
			p.untaken.Attrs("bridges", e, "name")
			p.graph.Nodes = append(p.graph.Nodes, network.Node{ID: e.Attrs["name"], Line: e.Line, Kind: topology.Switch})
		}
	}
	for _, list := range root.All("links") {
		for _, e := range list.All("link") {
			p.untaken.Attrs(network.Links, e, "origin", "dest", "latency", "jitter", "drop", "upload", "download")
			p.errs.Add(p.link(e))
		}
	}
	p.untaken.Children("the experiment", root, "services", "bridges", "links", "dynamic")
	p.graph.Notes = append(p.graph.Notes, p.untaken.Notes()...)
	if d := root.First("dynamic"); d != nil && len(d.Children) > 0 {
		p.graph.Notes = append(p.graph.Notes,
			fmt.Sprintf("left out: %s of the part dynamic (line %d); a scenario has events",
				printable.Count(len(d.Children), "change"), d.Line))
	}
	return p.graph, p.errs.Join()
}

type parser struct {
	graph    *network.Graph
	replicas map[string]int // of services that have several
	errs     network.Errors
	untaken  network.Untaken
}

// service adds a service, or each of its replicas. Supervisors, such as Kollaps' dashboard, are left out.
func (p *parser) service(e *tree.Element) error {
	name := e.Attrs["name"]
	if e.Attrs["supervisor"] == "true" {
		p.graph.Notes = append(p.graph.Notes, "left out: the supervisor "+network.Shown(name))
		return nil
	}
	node := network.Node{ID: name, Line: e.Line, Kind: topology.Host, Class: name, Image: e.Attrs["image"]}
	count := 1
	if text := e.Attrs["replicas"]; text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil || count < 1 || count > network.MaxNodes {
			return network.Failf(e.Line, "%s replicas are not from 1 to %d", network.Shown(text), network.MaxNodes)
		}
	}
	if count == 1 {
		p.graph.Nodes = append(p.graph.Nodes, node)
		return nil
	}
	if e.Attrs["share"] == "true" {
		return network.Failf(e.Line, "replicas that share one link are not read: write a bridge and a service for each")
	}
	if len(p.graph.Nodes)+count > network.MaxNodes {
		return network.Failf(e.Line, "there are more than %d nodes", network.MaxNodes)
	}
	p.replicas[name] = count
	for i := range count {
		node.ID = replica(name, i)
		p.graph.Nodes = append(p.graph.Nodes, node)
	}
	return nil
}

func replica(name string, i int) string { return name + "-" + strconv.Itoa(i+1) }

// link adds a link: latency and jitter in ms, upload and download with their units, drop as a share of 1. Without a
// download it has one direction.
func (p *parser) link(e *tree.Element) error {
	l := network.Link{Line: e.Line}
	var s network.Shape
	var errs network.Errors
	read := func(name string, has *bool, parse func(text string) error) {
		if text := strings.TrimSpace(e.Attrs[name]); text != "" {
			*has = true
			if err := parse(text); err != nil {
				errs.Add(network.Failf(e.Line, "%s: %w", name, err))
			}
		}
	}
	read("latency", &s.HasDelay, network.Quantity(&s.Delay, network.Milliseconds))
	read("jitter", &s.HasJitter, func(text string) (err error) {
		if s.Jitter, err = network.Milliseconds(text); s.Jitter > 0 {
			l.Notes = append(l.Notes, "jitter: a standard deviation in Kollaps, bounds here")
		}
		return err
	})
	read("drop", &s.HasLoss, func(text string) error {
		x, err := network.Number(text)
		if err == nil {
			s.Loss, err = network.Share(x)
		}
		return err
	})
	l.Both(s)
	rate := func(name string, d int) {
		read(name, &l.Shape[d].HasRate, network.Quantity(&l.Shape[d].Rate, network.Rate))
	}
	rate("upload", 0)
	rate("download", 1)
	if e.Attrs["download"] == "" {
		l.Type = topology.Uplink
	}
	origin, dest := e.Attrs["origin"], e.Attrs["dest"]
	if n := p.count(origin) * p.count(dest); len(p.graph.Links)+n > network.MaxLinks {
		return network.Failf(e.Line, "with the links between all replicas there are more than %d", network.MaxLinks)
	}
	p.between(l, origin, dest)
	return errs.Join()
}

// between adds a link, of services with replicas one for each.
func (p *parser) between(l network.Link, origin, dest string) {
	for _, from := range p.all(origin) {
		for _, to := range p.all(dest) {
			one := l
			one.Ends = []network.End{{Node: from}, {Node: to}}
			p.graph.Links = append(p.graph.Links, one)
		}
	}
}

// count is how many nodes a service is.
func (p *parser) count(name string) int { return max(p.replicas[name], 1) }

// all are the IDs of a service's replicas or, where it has none, its own.
func (p *parser) all(name string) []string {
	if p.replicas[name] == 0 {
		return []string{name}
	}
	var ids []string
	for i := range p.replicas[name] {
		ids = append(ids, replica(name, i))
	}
	return ids
}
