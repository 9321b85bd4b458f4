package scenario

import (
	"slices"
	"time"

	"testbed/emulator/topology"
)

// Attach is a host that changes where it is attached, and keeps its address.
type Attach struct {
	// Name of the host.
	Host string `yaml:"host,required,names" pattern:"node"`
	// Name of the switch, exchange or shared medium that it is attached to from then on. Its link, with all that this does
	// to packets, goes with it.
	To string `yaml:"to,required,names" pattern:"node"`
	// Name of the host's link that goes there, where it has several beside one to the cloud.
	Link string `yaml:"link,names" pattern:"node"`
	// How long it carries nothing meanwhile, such as 50ms. Absent: not at all.
	Outage time.Duration `yaml:"outage" max:"1h"`
}

// checkAttach holds an attachment's names against what there is.
func (d *decoder) checkAttach(a *Attach, path string, n vocabulary) {
	if here := join(path, "host"); a.Host != "" && !d.failed(here) && !d.uncertain("nodes", a.Host) {
		hosts := map[string]bool{}
		for _, v := range n.hosts {
			if v.Kind == topology.Host {
				hosts[v.Name] = true
			}
		}
		if !hosts[a.Host] {
			d.failAt(here, suggest(a.Host, keys(hosts)), "there is no host %q", a.Host)
		}
	}
	places := map[string]bool{}
	for name, kind := range n.nodes {
		places[name] = !kind.Attached()
	}
	for name, kind := range n.links {
		places[name] = kind == topology.Shared
	}
	for name, is := range places {
		if !is {
			delete(places, name)
		}
	}
	if here := join(path, "to"); a.To != "" && !places[a.To] && !d.failed(here) && !d.uncertain("nodes", a.To) &&
		!d.uncertain("links", a.To) {
		d.failAt(here, suggest(a.To, keys(places)), "there is no switch, exchange or shared medium %q", a.To)
	}
	if here := join(path, "link"); a.Link != "" && !d.failed(here) && !d.uncertain("links", a.Link) {
		if _, ok := n.links[a.Link]; !ok {
			d.failAt(here, suggest(a.Link, keys(n.links)), "there is no link %q", a.Link)
		}
	}
}

// Reattached is where an event attaches a host.
type Reattached struct {
	At, From, To topology.ID // At, the host's link or the host itself, leads to To in place of From
	Where        string      // FILE:LINE:COLUMN and path of what says so
}

// Reattached lists where events attach hosts elsewhere than the scenario itself does, in their order, each once.
func (s *Scenario) Reattached(t *topology.Topology) []Reattached {
	var all []Reattached
	for i := range s.Events {
		a := s.Events[i].Attach
		if a == nil {
			continue
		}
		host, known := t.Lookup(a.Host)
		to, there := t.Lookup(a.To)
		if !known || !there {
			continue // which nobody gets past the check of the events with
		}
		from, err := t.AttachmentOf(host, a.Link)
		again := func(r Reattached) bool { return r.At == from.At && r.From == from.To && r.To == to }
		if err == nil && to != from.To && !slices.ContainsFunc(all, again) {
			all = append(all, Reattached{from.At, from.To, to, s.at(eventPath(i))})
		}
	}
	return all
}
