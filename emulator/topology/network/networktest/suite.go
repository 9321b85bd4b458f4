// Package networktest is what every network format is held to.
package networktest

import (
	"strings"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/units"
)

// Options put in what a file may lack, so that networks of any format have hosts and can be made.
func Options() network.Options {
	var given network.Shape
	given.Rate, given.HasRate, given.HasDelay = units.Gbps, true, true
	return network.Options{
		Defaults: [2]network.Shape{given, given}, Component: network.LargestComponent, Images: true,
		Unmeasured: network.EstimateUnmeasured, Hosts: &network.Attachment{PerNode: 1, Class: "host"},
	}
}

// Fuzz feeds a reader with variations of texts: it must not panic, and what it reads and Resolve takes is a topology
// in which nothing but its connections can be wrong, as scenarios demand it.
func Fuzz(f *testing.F, format network.Format, options catalogue.Values, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		format.Detect(text)
		g, err := format.Parse(text, options)
		if err != nil {
			return
		}
		made, err := g.Resolve(Options())
		if err != nil {
			return
		}
		topo, err := made.Topology()
		if err != nil {
			t.Fatalf("a network of which no topology can be made: %v", err)
		}
		for _, err := range topo.Validate() {
			if !strings.HasPrefix(err.Error(), "there is no path") { // hosts in a row, one way only
				t.Errorf("unsound: %v", err)
			}
		}
	})
}

// Made is the network of a text, with defaults for what it lacks and a host at each node that forwards.
func Made(
	t *testing.T, format network.Format, options catalogue.Values, text string, o network.Options,
) *network.Network {
	t.Helper()
	g, err := format.Parse([]byte(text), options)
	if err != nil {
		t.Fatal(err)
	}
	made, err := g.Resolve(o)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// Render is a network in lines, for tables of what is wanted: nodes, then links with their shapes of both directions.
func Render(n *network.Network) string {
	var out strings.Builder
	for i := range n.Nodes {
		m := &n.Nodes[i]
		out.WriteString(strings.Join(strings.Fields(m.Kind.String()+" "+m.Name+" "+m.Class+" "+m.Image), " ") + "\n")
	}
	for i := range n.Links {
		l := &n.Links[i]
		out.WriteString(l.Type.String() + " " + l.Name + ":")
		for k, e := range l.Ends {
			out.WriteString(" " + e)
			if l.Ports[k] != "" {
				out.WriteString("/" + l.Ports[k])
			}
		}
		out.WriteString(" " + Shape(&l.Shape[0]))
		if l.Type == topology.Duplex && l.Shape[1] != l.Shape[0] {
			out.WriteString(" | " + Shape(&l.Shape[1]))
		}
		out.WriteString("\n")
	}
	return out.String()
}
