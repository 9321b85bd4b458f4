package scenario

import (
	"slices"
	"strings"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
)

// resolve fills in the defaults that depend on other values. It follows the checks that need to know
// what the file said.
func (f *File) resolve(c *catalogue.Catalogue) {
	f.Topology.resolve(f.Seed, c)
	if f.Cloud != nil {
		f.Cloud.resolve()
	}
	for _, list := range [][]Override{f.Classes, f.Overrides} {
		for i := range list {
			list[i].resolve()
		}
	}
	for i := range f.Events {
		if e := &f.Events[i]; e.Set != nil {
			e.Set.resolve()
		}
	}
	f.Workload.resolve(f.Seed, c)
	for i := range f.Functions {
		f.Functions[i].resolve()
	}
	if len(f.Workload.Clients) == 0 && f.Topology.Imported == nil { // whose hosts are not known yet
		f.Workload.Clients = f.defaultClients()
	}
	if len(f.Models) == 0 {
		for _, m := range plan.Rules.All(c) {
			if m.Does.Default && (f.Cloud != nil || !m.Does.Cloud) && (!f.chained() || m.Does.Chainable() == nil) {
				f.Models = append(f.Models, m.Name)
			}
		}
	}
	if slices.Contains(c.Describe(catalogue.Arrivals, f.Replay.Arrival.Kind).Takes, "seed") {
		orPublished(&f.Replay.Arrival.Seed, f.Seed)
	}
	if slices.Contains(c.Describe(catalogue.Dispatchers, f.Placement.Dispatch.Kind).Takes, "seed") {
		orPublished(&f.Placement.Dispatch.Seed, f.Seed)
	}
}

// chained says whether workers are to call each other.
func (f *File) chained() bool { return f.Orchestration == string(plan.Chained) }

func (t *Topology) resolve(seed uint64, c *catalogue.Catalogue) {
	if t.Synth != nil {
		if s, err := synth.Synthesizers.Find(c, t.Synth.Kind); err == nil && s.Resolve != nil {
			s.Resolve(&t.Synth.Parameters, seed)
		}
	}
	if t.Imported != nil {
		t.Imported.resolve()
	}
	if t.Latencies == nil && len(t.Nodes) == 0 && t.Imported == nil {
		t.Latencies = &Latencies{Kind: "published"}
	}
	if t.Latencies != nil {
		t.Latencies.resolve(seed)
	}
	for i := range t.Nodes {
		if n := &t.Nodes[i]; n.Kind == "host" && n.Model == "" {
			n.Model = n.Class
		}
	}
	for i := range t.Links {
		l := &t.Links[i]
		if l.Name == "" && len(l.Endpoints) == 2 {
			l.Name = strings.Join(l.Endpoints, "-")
		}
		l.Properties.resolve()
	}
}

// defaultClients are those of the study where its topologies are used.
func (f *File) defaultClients() []string {
	if len(f.Topology.Nodes) == 0 {
		return []string{"rpi3b+", "nvidia_jetson_tx2"}
	}
	var hosts []string
	for _, n := range f.Topology.Nodes {
		if _, agent := f.imageOf(&topology.Vertex{Name: n.Name, Class: n.Class, Model: n.Model}); n.Kind == "host" && agent {
			hosts = append(hosts, n.Name)
		}
	}
	return hosts
}

func (c *Cloud) resolve() {
	switch {
	case c.Delay != nil:
	case c.RTT != nil:
		half := *c.RTT / 2
		c.Delay = &half
	default:
		c.Delay = new(time.Duration)
		*c.Delay = 60 * time.Millisecond // the study's
	}
	c.RTT = nil
}

func (w *Workload) resolve(seed uint64, c *catalogue.Catalogue) {
	orPublished(&w.Seed, seed)
	for i := range w.List {
		w.List[i].resolve()
	}
	if w.Trace == "" && w.Synth == nil && !w.Written() {
		w.Synth = &WorkloadSynth{Kind: first(c, catalogue.Workloads), Jobs: 200}
	}
	if w.Synth != nil {
		orPublished(&w.Synth.Seed, seed)
	}
}
