// Package mininet reads the networks of MiniEdit, Mininet's editor (.mn), with the parameters of TCLink.
package mininet

import (
	"bytes"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/tree"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return network.Formats.Of(catalogue.Entry[network.Format]{
		Description: catalogue.Description{
			Name: "mininet", About: "a network of MiniEdit, Mininet's editor, with the parameters of its links",
			Brief: "MiniEdit's file",
		},
		Does: network.Format{Detect: Detect, Parse: Parse},
	})
}

// Detect says whether a file begins as one of MiniEdit's does.
func Detect(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && bytes.Contains(head, []byte(`"hosts"`)) &&
		(bytes.Contains(head, []byte(`"controllers"`)) || bytes.Contains(head, []byte(`"switches"`)))
}

// Parse reads a network. What a link's options leave out is not limited.
func Parse(text []byte, _ catalogue.Values) (*network.Graph, error) {
	root, err := tree.JSON(text)
	if err != nil {
		return nil, err
	}
	if !root.Get("hosts").Is(tree.List) {
		return nil, network.Failf(root.Line, "this is not a file of MiniEdit: there is no list hosts")
	}
	g := &network.Graph{Unshaped: true}
	var untaken network.Untaken
	for _, list := range []struct {
		key  string
		kind topology.Kind
	}{{"hosts", topology.Host}, {"switches", topology.Switch}} {
		if !root.Get(list.key).Is(tree.List) {
			continue
		}
		for _, n := range root.Get(list.key).Items {
			untaken.Keys(list.key+"' opts", n.Get("opts"), "hostname", "nodeNum")
			g.Nodes = append(g.Nodes, network.Node{ID: n.Get("opts").Get("hostname").String(), Line: n.Line, Kind: list.kind})
		}
	}
	var errs network.Errors
	if links := root.Get("links"); links.Is(tree.List) {
		for _, v := range links.Items {
			l := network.Link{Line: v.Line, Ends: []network.End{{Node: v.Get("src").String()}, {Node: v.Get("dest").String()}}}
			untaken.Keys("links' opts", v.Get("opts"), "bw", "delay", "jitter", "loss", "max_queue_size")
			errs.Add(shape(&l, v.Get("opts")))
			g.Links = append(g.Links, l)
		}
	}
	untaken.Keys("the file", root, "hosts", "switches", "links", "application", "version")
	g.Notes = append(g.Notes, untaken.Notes()...)
	return g, errs.Join()
}

// shape reads the options of a link, which hold in each direction: bw in Mbit/s, delay and jitter with their units,
// loss in percent, max_queue_size in packets.
func shape(l *network.Link, opts *tree.Value) error {
	var s network.Shape
	read := func(name string, has *bool, parse func(text string) error) error {
		v := opts.Get(name)
		if v.String() == "" {
			return nil
		}
		*has = true
		if err := parse(v.Text); err != nil {
			return network.Failf(v.Line, "%s: %w", name, err)
		}
		return nil
	}
	var errs network.Errors
	errs.Add(read("bw", &s.HasRate, func(text string) (err error) {
		s.Rate, err = network.RateIn(text, 1e6)
		return err
	}))
	errs.Add(read("delay", &s.HasDelay, network.Quantity(&s.Delay, network.Duration)))
	errs.Add(read("jitter", &s.HasJitter, network.Quantity(&s.Jitter, network.Duration)))
	errs.Add(read("loss", &s.HasLoss, network.Quantity(&s.Loss, network.Percent)))
	errs.Add(read("max_queue_size", &s.HasQueue, func(text string) (err error) {
		s.Queue, err = network.Packets(text)
		l.Notes = append(l.Notes, network.QueueNote(text))
		return err
	}))
	l.Both(s)
	return errs.Join()
}
