package network_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/networktest"
	"testbed/emulator/topology/synth"
	"testbed/emulator/topology/topologytest"
	"testbed/emulator/units"
)

// topologies are a synthesized one of each kind, with drawn delays, and a small one.
func topologies(t *testing.T) map[string]*topology.Topology {
	t.Helper()
	c := builtin.Catalogue()
	all := map[string]*topology.Topology{"cell": topologytest.Cell(t)}
	for _, name := range c.Names(catalogue.Synthesizers) {
		s, err := synth.Synthesizers.Find(c, name)
		if err != nil {
			t.Fatal(err)
		}
		var p synth.Parameters
		if s.Resolve != nil {
			s.Resolve(&p, 1)
		}
		topo, err := s.Build(&p, c.Defaults(catalogue.Synthesizers, name))
		if err != nil {
			t.Fatal(err)
		}
		synth.Latencies(topo, synth.DefaultLatencies(), 1)
		if err := topo.AttachCloud(topology.CloudLink{Delay: 60 * time.Millisecond, Up: 1e7, Down: 2e7}); err != nil {
			t.Fatal(err)
		}
		all[name] = topo
	}
	return all
}

// again writes a network and reads it back; nothing stands in for what is missing.
func again(t *testing.T, format string, n *network.Network) *network.Network {
	t.Helper()
	c := builtin.Catalogue()
	f, err := network.Formats.Find(c, format)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := f.Write(&text, n); err != nil {
		t.Fatal(err)
	}
	if got := network.Detect(c, text.Bytes()); !slices.Equal(got, []string{format}) {
		t.Errorf("what was written as %s is taken for %v", format, got)
	}
	return networktest.Made(t, f, nil, text.String(), network.Options{Images: true, Component: network.AllComponents})
}

// lines are a network's, in an order of their own.
func lines(n *network.Network) []string {
	text := strings.Replace(networktest.Render(n), "cloud cloud cloud", "host cloud cloud", 1) // as it is read
	return slices.Sorted(strings.Lines(text))
}

// TestGraphMLRoundTrip: what is written is read as the same network, in which each two hosts are as far from one
// another as in the topology.
func TestGraphMLRoundTrip(t *testing.T) {
	for name, topo := range topologies(t) {
		n, err := network.Of(topo)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		back := again(t, "graphml", n)
		if diff := cmp.Diff(lines(n), lines(back)); diff != "" {
			t.Errorf("%s: read back (+) otherwise than written (-):\n%s", name, diff)
		}
		made, err := back.Topology()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, err := range made.Validate() {
			t.Errorf("%s: %v", name, err)
		}
		sameDistances(t, name, topo, made)
	}
}

// sameDistances holds delays and slowest rates between hosts of two topologies against each other.
func sameDistances(t *testing.T, name string, a, b *topology.Topology) {
	t.Helper()
	ends := a.Attached()
	ends = append(slices.Clone(ends[:min(25, len(ends))]), ends[len(ends)-1])
	for _, to := range ends {
		toB, ok := b.Lookup(a.Vertices[to].Name)
		if !ok {
			t.Fatalf("%s: there is no %s", name, a.Vertices[to].Name)
		}
		treeA, treeB := a.TreeTo(to), b.TreeTo(toB)
		for _, from := range ends {
			fromB, _ := b.Lookup(a.Vertices[from].Name)
			if got, want := distance(b, treeB, fromB), distance(a, treeA, from); from != to && got != want {
				t.Fatalf("%s: from %s to %s: %s, not %s", name, a.Vertices[from].Name, a.Vertices[to].Name, got, want)
			}
		}
	}
}

// distance is the delay from a vertex along a tree, and its slowest rate.
func distance(t *topology.Topology, tree *topology.Tree, from topology.ID) string {
	hops, _ := tree.Hops(nil, from)
	var delay time.Duration
	for _, h := range hops {
		delay += h.Delay
	}
	return fmt.Sprint(delay, t.Bottleneck(hops))
}

// running gives hosts without an image what containerlab runs in them.
func running(n *network.Network) {
	for i := range n.Nodes {
		if m := &n.Nodes[i]; m.Kind.Attached() && m.Image == "" {
			m.Image = "alpine:3"
		}
	}
}

// TestContainerlabKeepsClouds: topologies with media, links of one direction to and fro and a cloud, at all hosts or at
// one exchange, are read back as they were written, hosts with their memory, and nothing of them is left unread.
func TestContainerlabKeepsClouds(t *testing.T) {
	all := topologies(t)
	at, err := synth.DefaultIIoT().Build()
	if err != nil {
		t.Fatal(err)
	}
	cloud := topology.CloudLink{At: "internet_chix", Delay: 60 * time.Millisecond, Up: 1e7, Down: 2e7}
	if err := at.AttachCloud(cloud); err != nil {
		t.Fatal(err)
	}
	all["at an exchange"] = at
	for name, topo := range all {
		n, err := network.Of(topo)
		if err != nil {
			t.Fatal(err)
		}
		running(n)
		narrow := &n.Links[slices.IndexFunc(n.Links, func(l network.Joint) bool { return l.Type == topology.Duplex })]
		narrow.Shape[0].MTU, narrow.Shape[1].MTU = 1400, 1400
		back := again(t, "containerlab", n)
		plain(t, back)
		if diff := cmp.Diff(lines(n), lines(back)); diff != "" {
			t.Errorf("%s: read back (+) otherwise than written (-):\n%s", name, diff)
		}
		memory := map[string]units.ByteSize{}
		for i := range n.Nodes {
			memory[n.Nodes[i].Name] = n.Nodes[i].Memory
		}
		for i := range back.Nodes {
			m := &back.Nodes[i]
			want := memory[m.Name]
			if want == 0 { // of the cloud, and of a topology that says nothing
				want = units.GiB
			}
			if m.Kind == topology.Host && m.Memory != want {
				t.Errorf("%s: %s has %v of memory, not %v", name, m.Name, m.Memory, want)
			}
		}
		for i := range back.Links {
			if l := &back.Links[i]; (l.Shape[0].MTU == 1400) != (l.Name == narrow.Name) {
				t.Errorf("%s: %s has an MTU of %d", name, l.Name, l.Shape[0].MTU)
			}
		}
		if i := slices.IndexFunc(back.Notes, func(s string) bool { return strings.Contains(s, "not taken over") }); i >= 0 {
			t.Errorf("%s: %s", name, back.Notes[i])
		}
	}
}

// plain leaves the interfaces' names away, which are those of bridges and hosts, each given once.
func plain(t *testing.T, n *network.Network) {
	t.Helper()
	given := map[string]bool{}
	hosts := map[string]bool{}
	for i := range n.Nodes {
		hosts[n.Nodes[i].Name] = n.Nodes[i].Kind == topology.Host
	}
	for i := range n.Links {
		l := &n.Links[i]
		for k, p := range l.Ports {
			at := p // bridges' interfaces are all in one namespace
			if hosts[l.Ends[k]] {
				at = l.Ends[k] + ":" + p
			}
			if p == "" || l.Type == topology.Duplex && given[at] || len(p) > 15 {
				t.Errorf("the interface %q of %s is given twice, or is no name for one", p, l.Ends[k])
			}
			given[at] = true
		}
		l.Ports = make([]string, len(l.Ends))
	}
}

func TestContainerlabRoundTrip(t *testing.T) {
	c := builtin.Catalogue()
	for _, s := range samples {
		if s.format != "containerlab" && s.format != "netlab" && s.format != "mininet" && s.format != "gns3" {
			continue
		}
		f, err := network.Formats.Find(c, s.format)
		if err != nil {
			t.Fatal(err)
		}
		n := networktest.Made(t, f, nil, s.text, options(s.format))
		for i := range n.Links {
			n.Links[i].Ports = []string{"", ""}
		}
		running(n)
		back := again(t, "containerlab", n)
		plain(t, back)
		if diff := cmp.Diff(lines(n), lines(back)); diff != "" {
			t.Errorf("%s: read back (+) otherwise than written (-):\n%s", s.format, diff)
		}
	}
}
