package rtt

import (
	"bytes"
	"cmp"
	"net/netip"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/tree"
)

// Atlas reads results of ping measurements of RIPE Atlas: a JSON array, or one object a line. Hosts are probes
// (probe-1) and targets by name or address; a target with the address of a probe is that probe. The time is the least
// of a result, and of several of a pair.
func Atlas(text []byte, _ catalogue.Values) (*network.Graph, error) {
	all, err := tree.JSONs(text)
	if err != nil {
		return nil, err
	}
	if len(all) == 1 && all[0].Is(tree.List) {
		all = all[0].Items
	}
	p := &atlas{pairs: newPairs(), probes: probesOf(all)}
	read := false
	for _, r := range all {
		if kind := r.Get("type").String(); r.Get("prb_id") == nil || kind != "ping" {
			p.untaken.Add("results other than pings by probes", cmp.Or(kind, "without a type"), r.Line)
			continue
		}
		read = true
		if err := p.result(r); err != nil {
			return nil, err
		}
	}
	if !read {
		return nil, network.Failf(1, "there are no results of pings by probes of RIPE Atlas")
	}
	g, err := p.graph()
	if err == nil && len(p.both) > 0 {
		g.Notes = append(g.Notes, "one host, as they have one address: "+network.Listed(p.both))
	}
	return g, err
}

// atlas collects results.
type atlas struct {
	*pairs

	// probes are those of all results, by their address as the controller or, where it is not private, they themselves
	// know it; empty: several have it, as those behind one router.
	probes map[netip.Addr]string
	both   []string // probes that are targets
}

func probesOf(results []*tree.Value) map[netip.Addr]string {
	at := map[netip.Addr]string{}
	for _, r := range results {
		if r.Get("prb_id") == nil {
			continue
		}
		probe := probeOf(r)
		for _, key := range []string{"from", "src_addr"} {
			a, err := netip.ParseAddr(r.Get(key).String())
			if err != nil || key != "from" && a.IsPrivate() {
				continue
			}
			owner := probe
			if known, there := at[a]; there && known != probe {
				owner = ""
			}
			at[a] = owner
		}
	}
	return at
}

func probeOf(r *tree.Value) string { return "probe-" + r.Get("prb_id").String() }

// result takes the least time of one result, where an answer came.
func (p *atlas) result(r *tree.Value) error {
	least, found := time.Duration(0), false
	if list := r.Get("result"); list.Is(tree.List) {
		for _, one := range list.Items {
			rtt := one.Get("rtt")
			if rtt.String() == "" {
				continue
			}
			d, err := network.Milliseconds(rtt.Text)
			if err != nil {
				return network.Failf(rtt.Line, "rtt: %w", err)
			}
			if !found || d < least {
				least, found = d, true
			}
		}
	}
	source, err := p.named(probeOf(r), r.Line)
	if err != nil {
		return err
	}
	destination, err := p.target(r)
	if err != nil || !found {
		return err
	}
	return p.add(source, destination, least, r.Line)
}

// target is a result's, which may be a probe.
func (p *atlas) target(r *tree.Value) (*site, error) {
	address := r.Get("dst_addr").String()
	name := cmp.Or(r.Get("dst_name").String(), address)
	a, _ := netip.ParseAddr(address) // one that is none is no probe's
	probe := p.probes[a]
	s, err := p.named(cmp.Or(probe, name), r.Line)
	if err == nil && probe != "" && s.label == "" {
		s.label = name
		p.both = append(p.both, probe+" is "+network.Shown(name))
	}
	return s, err
}

// DetectAtlas says whether a file begins as results of RIPE Atlas do.
func DetectAtlas(head []byte) bool {
	return bytes.Contains(head, []byte(`"prb_id"`)) && bytes.Contains(head, []byte(`"msm_id"`))
}

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	entry := func(name, about string, f network.Format) catalogue.Entry[network.Format] {
		return catalogue.Entry[network.Format]{Description: catalogue.Description{Name: name, About: about}, Does: f}
	}
	return network.Formats.Of(
		entry("rtt-matrix", "a square matrix of round-trip times in ms, as CSV",
			network.Format{Detect: DetectMatrix, Parse: Matrix}),
		entry("pings", "a list of pings with source, destination and min in ms as CSV, as WonderNetwork publishes them",
			network.Format{Detect: DetectPings, Parse: Pings}),
		entry("ripe-atlas", "ping results of RIPE Atlas", network.Format{Detect: DetectAtlas, Parse: Atlas}),
	)
}
