package topology

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"testbed/emulator/units"
)

// build makes a topology from words: "host a", "switch s", "duplex l 100Mbps", and edges "a-l", "u>s".
func build(t *testing.T, words ...string) *Topology {
	t.Helper()
	topo := New("test")
	id := func(name string) ID {
		found, ok := topo.Lookup(name)
		if !ok {
			t.Fatalf("no vertex %q", name)
		}
		return found
	}
	for _, w := range words {
		f := strings.Fields(w)
		if len(f) == 1 {
			if a, b, ok := strings.Cut(w, "-"); ok {
				topo.Join(id(a), id(b), 0)
			} else if a, b, ok := strings.Cut(w, ">"); ok {
				topo.Connect(id(a), id(b), 0)
			}
			continue
		}
		v := Vertex{Name: f[1]}
		switch f[0] {
		case "host":
			v.Kind = Host
		case "switch":
			v.Kind = Switch
		case "exchange":
			v.Kind = Exchange
		default:
			v.Kind = Link
			for i, name := range linkTypes {
				if name == f[0] {
					v.LinkType = LinkType(i)
				}
			}
			rate, err := units.ParseBitRate(f[2])
			if err != nil {
				t.Fatal(err)
			}
			v.Shape = [2]Shape{{Rate: rate}, {Rate: rate}}
		}
		if _, err := topo.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	return topo
}

// star has three hosts around a switch; c is behind a slow pair of links.
func star(t *testing.T) *Topology {
	return build(t, "host a", "host b", "host c", "duplex la 100Mbps", "duplex lb 100Mbps", "uplink cu 1Mbps",
		"downlink cd 10Mbps", "switch s", "a-la", "la-s", "b-lb", "lb-s", "c>cu", "cu>s", "s>cd", "cd>c")
}

func TestSoundTopologyIsValid(t *testing.T) {
	if errs := star(t).Validate(); len(errs) > 0 {
		t.Errorf("%v", errs)
	}
}

func TestValidateFindsEverything(t *testing.T) {
	edge := func(topo *Topology, from, to string) *Edge {
		f, _ := topo.Lookup(from)
		target, _ := topo.Lookup(to)
		for i := range topo.Adjacency[f] {
			if topo.Adjacency[f][i].To == target {
				return &topo.Adjacency[f][i]
			}
		}
		return nil
	}
	shape := func(topo *Topology, link string) *Shape {
		id, _ := topo.Lookup(link)
		return &topo.Vertices[id].Shape[0]
	}
	cases := map[string]struct {
		spoil func(*Topology)
		want  string
	}{
		"negative edge delay": {
			func(p *Topology) { edge(p, "a", "la").Delay = -1 },
			"a: the delay of the edge to la is negative",
		},
		"edge to nothing": {func(p *Topology) { edge(p, "a", "la").To = 99 }, "a: an edge leads to vertex 99"},
		"self":            {func(p *Topology) { p.Join(0, 0, 0) }, "from the vertex to itself"},
		"twice":           {func(p *Topology) { p.Connect(0, 3, 0) }, "the edge to la is given twice"},
		"name twice":      {func(p *Topology) { p.Vertices[1].Name = "a" }, `the name "a" is given twice`},
		"no name":         {func(p *Topology) { p.Vertices[1].Name = "" }, "vertex 1 has no name"},
		"memory":          {func(p *Topology) { p.Vertices[1].Memory = -1 }, "b: memory and cpu"},
		"third neighbour": {func(p *Topology) { p.Join(3, 1, 0) }, "link la: a duplex link needs exactly two neighbours"},
		"one way": {func(p *Topology) { p.Adjacency[3] = p.Adjacency[3][:1] },
			"link la: a duplex link needs exactly two neighbours, both ways; it leads to a"},
		"rate":   {func(p *Topology) { shape(p, "la").Rate = -1 }, "link la: its rate"},
		"loss":   {func(p *Topology) { shape(p, "la").Loss = 1.5 }, "its loss of 1.5"},
		"jitter": {func(p *Topology) { shape(p, "cu").Jitter = -time.Second }, "link cu: its jitter"},
		"queue":  {func(p *Topology) { shape(p, "la").Queue = -1 }, "its queue"},
		"delay":  {func(p *Topology) { shape(p, "la").Delay = -1 }, "its delay"},
		"dead end": {func(p *Topology) { id, _ := p.Lookup("cu"); p.Adjacency[id] = nil },
			"link cu: packets must be able to enter and leave it"},
		"cannot send": {func(p *Topology) { id, _ := p.Lookup("cu"); p.Adjacency[id] = nil }, "there is no path to a from c"},
		"cut off": {func(p *Topology) { p.Vertices[0].Kind = Switch; p.Adjacency[0] = nil },
			"link la: a duplex link"},
		"unlinked host": {func(p *Topology) { _, _ = p.Add(Vertex{Name: "lost"}) }, "there is no path from a to lost"},
		"link type":     {func(p *Topology) { p.Vertices[3].LinkType = 9 }, "there is no link type 9"},
		"adjacency":     {func(p *Topology) { p.Adjacency = p.Adjacency[:2] }, "the adjacency has 2 entries"},
	}
	for name, c := range cases {
		topo := star(t)
		c.spoil(topo)
		var text strings.Builder
		for _, err := range topo.Validate() {
			text.WriteString(err.Error() + "\n")
		}
		if !strings.Contains(text.String(), c.want) {
			t.Errorf("%s: %q is not in\n%s", name, c.want, text.String())
		}
	}
	if errs := New("empty").Validate(); len(errs) != 1 || !errors.Is(errs[0], ErrNoHosts) {
		t.Errorf("an empty topology: %v", errs)
	}
}

func TestHostsDoNotForward(t *testing.T) {
	topo := build(t, "host a", "host b", "host c", "duplex x 1Mbps", "duplex y 1Mbps", "a-x", "x-b", "b-y", "y-c")
	errs := topo.Validate()
	if len(errs) == 0 || !strings.Contains(errs[0].Error(), "there is no path from a to c") {
		t.Errorf("a and c are joined through host b only: %v", errs)
	}
}

func TestCloudAtEveryHost(t *testing.T) {
	topo := star(t)
	size := len(topo.Vertices)
	err := topo.AttachCloud(CloudLink{Delay: 60 * time.Millisecond, Up: 50 * units.Mbps, Down: 20 * units.Mbps})
	if err != nil {
		t.Fatal(err)
	}
	if errs := topo.Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	cloud, _ := topo.Cloud()
	if topo.EdgeNetwork != size || int(cloud) != size {
		t.Errorf("edge network of %d vertices, cloud %d, want both %d", topo.EdgeNetwork, cloud, size)
	}
	for _, h := range topo.Hosts() {
		name := topo.Vertices[h].Name
		up, delay := topo.TreeTo(cloud).Hops(nil, h)
		down, back := topo.TreeTo(h).Hops(nil, cloud)
		if len(up) != 1 || len(down) != 1 || delay != 60*time.Millisecond || back != delay {
			t.Fatalf("%s: up %v in %v, down %v in %v; want one hop of 60ms each way", name, up, delay, down, back)
		}
		link := &topo.Vertices[up[0].Link]
		if link.Name != "cloud_"+name || link.Class != CloudClass || up[0].Link != down[0].Link {
			t.Errorf("%s: its link is %+v", name, link)
		}
		if topo.Bottleneck(up) != 50*units.Mbps || topo.Bottleneck(down) != 20*units.Mbps {
			t.Errorf("%s: up at %v, down at %v", name, topo.Bottleneck(up), topo.Bottleneck(down))
		}
	}
	hops, _ := topo.TreeTo(1).Hops(nil, 0)
	if len(hops) != 2 {
		t.Errorf("from a to b there are %d hops, want 2: the cloud is no short cut", len(hops))
	}
	if err := topo.AttachCloud(CloudLink{}); err == nil {
		t.Error("a second cloud: no error")
	}
}

func TestCloudAtASwitch(t *testing.T) {
	topo := star(t)
	aws := CloudLink{Name: "aws", Delay: time.Millisecond, Up: units.Mbps, Down: 2 * units.Mbps, At: "s"}
	if err := topo.AttachCloud(aws); err != nil {
		t.Fatal(err)
	}
	if errs := topo.Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	cloud, _ := topo.Lookup("aws")
	up, delay := topo.TreeTo(cloud).Hops(nil, 0)
	down, _ := topo.TreeTo(0).Hops(nil, cloud)
	upRate, downRate := topo.Bottleneck(up), topo.Bottleneck(down)
	if len(up) != 2 || delay != time.Millisecond || upRate != units.Mbps || downRate != 2*units.Mbps {
		t.Errorf("up %v in %v, down %v", up, delay, down)
	}
}

func TestCloudIsRefused(t *testing.T) {
	for name, c := range map[string]CloudLink{
		"nowhere": {At: "nowhere"}, "at a host": {At: "a"}, "at a link": {At: "la"},
		"name taken": {Name: "a"}, "negative": {Delay: -1},
	} {
		topo := star(t)
		before := len(topo.Vertices)
		if err := topo.AttachCloud(c); err == nil || len(topo.Vertices) != before || topo.EdgeNetwork != 0 {
			t.Errorf("%s: error %v, %d vertices more", name, err, len(topo.Vertices)-before)
		}
	}
}

func TestCentral(t *testing.T) {
	topo := star(t)
	central, err := topo.Central()
	if err != nil || topo.Vertices[central].Name != "a" { // a and b are alike; the first name wins
		t.Errorf("central is %v, %v; want a", central, err)
	}
	topo = build(t, "host a", "host b", "host c", "duplex la 10Mbps", "duplex lb 20Mbps", "duplex lc 30Mbps", "switch s",
		"a-la", "la-s", "b-lb", "lb-s", "c-lc", "lc-s")
	if central, err = topo.Central(); err != nil || topo.Vertices[central].Name != "c" {
		t.Errorf("central is %v, %v; want c", central, err)
	}
	if _, err := New("").Central(); err == nil {
		t.Error("no hosts: no error")
	}
	topo.Adjacency[0] = nil
	if _, err := topo.Central(); err == nil {
		t.Error("a cannot send: no error")
	}
}

func TestDecodedTopologyFindsNames(t *testing.T) {
	topo := star(t)
	var viaGob Topology
	var buffer bytes.Buffer
	if err := gob.NewEncoder(&buffer).Encode(topo); err != nil {
		t.Fatal(err)
	}
	if err := gob.NewDecoder(&buffer).Decode(&viaGob); err != nil {
		t.Fatal(err)
	}
	var viaJSON Topology
	text, err := json.Marshal(topo)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &viaJSON); err != nil {
		t.Fatal(err)
	}
	for _, decoded := range []*Topology{&viaGob, &viaJSON} {
		for _, reindexed := range []bool{false, true} {
			if reindexed {
				decoded.Reindex()
			}
			for i, v := range topo.Vertices {
				if id, ok := decoded.Lookup(v.Name); !ok || int(id) != i {
					t.Errorf("%s is %d, %v; want %d", v.Name, id, ok, i)
				}
			}
			if _, ok := decoded.Lookup("x"); ok {
				t.Error("x is found")
			}
		}
		if _, err := decoded.Add(Vertex{Name: "a"}); err == nil {
			t.Error("a second a: no error")
		}
	}
}

func TestClasses(t *testing.T) {
	topo := build(t, "host a", "host b", "duplex la 1Mbps", "shared m 1Mbps", "duplex tr 1Mbps", "uplink up_m 1Mbps",
		"uplink up_lan 1Mbps", "uplink up_cloudlet 1Mbps", "uplink inner 1Mbps", "switch s", "switch switch_cloudlet_0",
		"exchange internet_x", "a-la", "la-m", "b-m", "m-s", "s-tr", "tr-switch_cloudlet_0", "m>up_m", "up_m>internet_x",
		"s>up_lan", "up_lan>internet_x", "switch_cloudlet_0>up_cloudlet", "up_cloudlet>internet_x",
		"switch_cloudlet_0>inner", "inner>s")
	topo.Vertices[0].Model, topo.Vertices[1].Type = "rpi3b+", "sbc"
	s, _ := topo.Lookup("s")
	topo.Vertices[s].Class = "mine"
	topo.Classify()
	want := map[string]string{
		"a": "rpi3b+", "b": "sbc", "la": ClassAccess, "m": ClassWLAN, "tr": ClassTrunk, "up_m": ClassMobileISP,
		"up_lan": ClassBusinessISP, "up_cloudlet": ClassFibre, "inner": ClassCloudlet, "s": "mine",
		"switch_cloudlet_0": ClassSwitch, "internet_x": ClassExchange,
	}
	for _, v := range topo.Vertices {
		if v.Class != want[v.Name] {
			t.Errorf("%s is of class %q, want %q", v.Name, v.Class, want[v.Name])
		}
	}
}
