package cut_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/machines/cut"
	"testbed/emulator/topology"
	"testbed/emulator/topology/topologytest"
)

// list are machines by the text of --machines.
func list(t testing.TB, text string) []machines.Machine {
	t.Helper()
	s, err := machines.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s.Machines
}

// randomOptions are two or more machines with weights, floors of pairs and pins.
func randomOptions(t testing.TB, r *rand.Rand, graph *topology.Topology) cut.Options {
	o := cut.Options{Machines: list(t, fmt.Sprint(2+r.IntN(3)))}
	if r.IntN(3) == 0 {
		o.Machines[0].Weight = 1 + float64(r.IntN(3))
	}
	if r.IntN(4) == 0 {
		o.Pairs = []machines.Floor{{A: 0, B: 1, Delay: time.Duration(r.IntN(8000)) * time.Microsecond}}
	}
	for i := range graph.Vertices {
		if graph.Vertices[i].Kind != topology.Link && r.IntN(10) == 0 {
			o.Pins = append(o.Pins, cut.Pin{Node: topology.ID(i), Machine: r.IntN(len(o.Machines)), Why: "here"})
		}
	}
	if r.IntN(2) == 0 {
		o.Moves = randomMoves(r, graph)
	}
	o.Segments = r.IntN(5) == 0
	return o
}

// randomMoves attach some hosts that have links elsewhere.
func randomMoves(r *rand.Rand, graph *topology.Topology) (moves []cut.Move) {
	for _, host := range graph.Hosts() {
		from, err := graph.AttachmentOf(host, "")
		to := topology.ID(r.IntN(len(graph.Vertices)))
		if err != nil || graph.Vertices[from.At].Kind != topology.Link || to == from.To {
			continue
		}
		if moved := *graph; moved.Reattach(from, to) == nil {
			moves = append(moves, cut.Move{At: from.At, From: from.To, To: to, Why: "there"})
		}
	}
	return moves
}

// valid says what keeps a partition from carrying a topology, also where its hosts are attached elsewhere.
func valid(graph *topology.Topology, o cut.Options, p *machines.Partition) error {
	all := []*topology.Topology{graph}
	for _, m := range o.Moves {
		moved := *graph
		if err := moved.Reattach(topology.Attachment{At: m.At, To: m.From}, m.To); err != nil {
			return err
		}
		all = append(all, &moved)
	}
	for _, one := range all {
		if err := p.Validate(one); err != nil {
			return err
		}
		owners, err := p.Owners(one)
		if err == nil && o.Segments {
			err = p.CheckSegments(one, owners)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// TestProperties: whatever the topology, a cut is one that the fabric can carry, wherever hosts are attached, keeps the
// pins, leaves nobody idle, is even or says why not, and is the same again.
func TestProperties(t *testing.T) {
	found, refused := 0, 0
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(17, seed))
		graph := randomTopology(t, r, 2+r.IntN(25))
		o := randomOptions(t, r, graph)
		result, err := cut.Find(graph, o)
		again, errAgain := cut.Find(graph, o)
		if !reflect.DeepEqual(result, again) || fmt.Sprint(err) != fmt.Sprint(errAgain) {
			t.Fatalf("seed %d: another result of the same", seed)
		}
		var no *cut.Refused
		if errors.As(err, &no) {
			refused++
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		found++
		if err := valid(graph, o, result.Partition); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		hold(t, seed, graph, o, result)
		followPaths(t, seed, graph, result.Partition)
	}
	if found < 100 || refused < 50 {
		t.Errorf("%d cuts and %d refusals: the generator has become one-sided", found, refused)
	}
}

// hold checks pins, loads and crossings.
func hold(t *testing.T, seed uint64, graph *topology.Topology, o cut.Options, r *cut.Result) {
	t.Helper()
	for _, pin := range o.Pins {
		if at := r.Partition.Of[graph.Vertices[pin.Node].Name]; at != pin.Machine {
			t.Fatalf("seed %d: %s is on %d in spite of its pin to %d", seed, graph.Vertices[pin.Node].Name, at, pin.Machine)
		}
	}
	nodes, uneven := 0, false
	for i, load := range r.Loads {
		nodes += load.Nodes
		uneven = uneven || load.Share > cut.Balance && load.Nodes > 1+nodesOf(graph)/len(r.Loads)
		if load.Nodes == 0 || load.Nodes != len(r.Partition.Hosts(graph, i)) {
			t.Fatalf("seed %d: machine %d carries %d nodes, or %v", seed, i, load.Nodes, r.Partition.Hosts(graph, i))
		}
	}
	if nodes != nodesOf(graph) {
		t.Fatalf("seed %d: %d nodes of %d are carried", seed, nodes, nodesOf(graph))
	}
	if uneven && o.Machines[0].Weight == 0 && len(r.Notes) == 0 {
		t.Fatalf("seed %d: %+v is uneven, and nothing says why", seed, r.Loads)
	}
	for _, c := range r.Crossings {
		if c.Delay < c.Floor || c.FromMachine == c.ToMachine {
			t.Fatalf("seed %d: %+v", seed, c)
		}
	}
	if r.Share < 0 || r.Share > 1 {
		t.Fatalf("seed %d: %v of the traffic crosses", seed, r.Share)
	}
}

func nodesOf(graph *topology.Topology) int { return len(graph.Attached()) }

// followPaths walks packets' ways as the fabric does, from queue to queue: where the next queue, or the destination,
// is on another machine, the packet has the floor's time to get there.
func followPaths(t *testing.T, seed uint64, graph *topology.Topology, p *machines.Partition) {
	t.Helper()
	owners, err := p.Owners(graph)
	if err != nil {
		t.Fatal(err)
	}
	for to, tree := range graph.Trees() {
		for _, from := range graph.Attached() {
			hops, total := tree.Hops(nil, from)
			if from == to || !tree.Reaches(from) {
				continue
			}
			at, time := owners.Vertex(from), total
			for i, hop := range hops {
				next := owners.Queue(hop.Channel)
				// Edges before the first queue count behind it in Hops; they are bonds of their own, held to the floor.
				if i > 0 && next != at && time < p.FloorOf(at, next) {
					t.Fatalf("seed %d: %v to get to %s", seed, time, graph.Vertices[hop.Link].Name)
				}
				shape := graph.Vertices[hop.Link].Shape[hop.Dir]
				at, time = next, hop.Delay-min(shape.Jitter, shape.Delay)
			}
			if last := owners.Vertex(to); last != at && time < p.FloorOf(at, last) {
				t.Fatalf("seed %d: %v to get to %s", seed, time, graph.Vertices[to].Name)
			}
		}
	}
}

// TestRefusedOnlyWhereThereIsNone: of few nodes all assignments to two machines are tried.
func TestRefusedOnlyWhereThereIsNone(t *testing.T) {
	possible := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(18, seed))
		graph := randomTopology(t, r, 2+r.IntN(4))
		o := randomOptions(t, r, graph)
		o.Machines = o.Machines[:2]
		pins := o.Pins[:0]
		for _, pin := range o.Pins {
			pin.Machine %= 2
			pins = append(pins, pin)
		}
		o.Pins = pins
		some := exists(graph, o)
		_, err := cut.Find(graph, o)
		if some != (err == nil) {
			t.Fatalf("seed %d: a cut exists: %v; found: %v", seed, some, err)
		}
		if some {
			possible++
		}
		var no *cut.Refused
		if errors.As(err, &no) && nodesOf(graph) > 1 {
			for _, p := range no.Problems {
				if strings.Contains(p.Text, "can be told apart") && len(p.Links) == 0 {
					t.Errorf("seed %d, segments: %v: no link prevents what is refused: %v", seed, o.Segments, err)
				}
			}
		}
	}
	if possible < 50 || possible > 350 {
		t.Errorf("%d of 400 can be cut: the generator has become one-sided", possible)
	}
}

// exists says whether there is an assignment to two machines that leaves neither idle.
func exists(graph *topology.Topology, o cut.Options) bool {
	var nodes []string
	fixed := map[string]int{}
	for i := range graph.Vertices {
		if graph.Vertices[i].Kind != topology.Link {
			nodes = append(nodes, graph.Vertices[i].Name)
		}
	}
	for _, pin := range o.Pins {
		name := graph.Vertices[pin.Node].Name
		fixed[name] = pin.Machine
	}
	p := &machines.Partition{Machines: o.Machines, Floor: cut.DefaultFloor, Pairs: o.Pairs, Of: map[string]int{}}
next:
	for bits := range 1 << len(nodes) {
		for i, name := range nodes {
			p.Of[name] = bits >> i & 1
			if m, pinned := fixed[name]; pinned && m != p.Of[name] {
				continue next
			}
		}
		if len(p.Hosts(graph, 0)) > 0 && len(p.Hosts(graph, 1)) > 0 && valid(graph, o, p) == nil {
			return true
		}
	}
	return false
}

func TestRefusals(t *testing.T) {
	pin := func(graph *topology.Topology, name string, machine int) cut.Pin {
		id, _ := graph.Lookup(name)
		return cut.Pin{Node: id, Machine: machine, Why: "x.yaml:" + name}
	}
	graph := topologytest.Cell(t)
	for name, c := range map[string]struct {
		options cut.Options
		want    []string
	}{
		"a medium joins pins": {cut.Options{Machines: list(t, "a,b"),
			Pins: []cut.Pin{pin(graph, "a", 0), pin(graph, "b", 1)}},
			[]string{"a, which is to be on a (x.yaml:a)", "b, which is to be on b (x.yaml:b)", "air (a shared medium)",
				"keep both nodes on one machine"}},
		"a link below the floor joins pins": {cut.Options{Machines: list(t, "a,b"), Floor: 6 * time.Millisecond,
			Pins: []cut.Pin{pin(graph, "gw", 0), pin(graph, "server", 1)}},
			[]string{"line (5ms)", "a delay of 6ms or more in both directions"}},
		"more machines than parts": {cut.Options{Machines: list(t, "3")},
			[]string{"there are 3 machines, and only 2 parts", "air (a shared medium)", "use fewer machines"}},
		"a floor": {cut.Options{Machines: list(t, "2"), Floor: 6 * time.Millisecond},
			[]string{"only 1 part can", "line (5ms)", "a floor of 5ms at most"}},
		"pins leave one idle": {cut.Options{Machines: list(t, "2"),
			Pins: []cut.Pin{pin(graph, "a", 0), pin(graph, "server", 0)}},
			[]string{"pins leave no node for machine-2"}},
		"pairs": {cut.Options{Machines: list(t, "2"), Pairs: []machines.Floor{{A: 1, B: 0, Delay: 6 * time.Millisecond}}},
			[]string{"line (5ms)"}},
	} {
		_, err := cut.Find(graph, c.options)
		var no *cut.Refused
		if !errors.As(err, &no) {
			t.Errorf("%s: %v is no refusal", name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, which does not say %q", name, err, want)
			}
		}
	}
	if _, err := cut.Find(graph, cut.Options{Machines: list(t, "2"), Pins: []cut.Pin{{Node: 0, Machine: 2}}}); err == nil {
		t.Error("a pin to a machine that is not there is taken")
	}
}

// TestSegmentsAreNamed: of links that are long enough it is the segments that keep them from being cut, and the remedy
// is one.
func TestSegmentsAreNamed(t *testing.T) {
	graph := topology.New("two sites")
	g := &grower{t: t, r: rand.New(rand.NewPCG(1, 1)), graph: graph}
	x := g.add(topology.Vertex{Name: "x", Kind: topology.Exchange})
	join := func(a, b topology.ID, name string, delay time.Duration) {
		link := g.add(topology.Vertex{Name: name, Kind: topology.Link,
			Shape: [2]topology.Shape{{Delay: delay}, {Delay: delay}}})
		graph.Join(a, link, 0)
		graph.Join(link, b, 0)
	}
	for i := range 2 {
		s := g.add(topology.Vertex{Name: fmt.Sprint("s", i), Kind: topology.Switch})
		join(g.add(topology.Vertex{Name: fmt.Sprint("h", i)}), s, fmt.Sprint("short", i), 100*time.Microsecond)
		join(s, x, fmt.Sprint("long", i), 5*time.Millisecond)
	}
	o := cut.Options{Machines: list(t, "2"), Segments: true}
	_, err := cut.Find(graph, o)
	if err == nil || !strings.Contains(err.Error(), "is: long0 (in a segment, with neighbours: arp), "+
		"long1 (in a segment, with neighbours: arp); use fewer machines, or write neighbours: static") {
		t.Error(err)
	}
	o.Segments = false
	if _, err := cut.Find(graph, o); err != nil {
		t.Errorf("the remedy is none: %v", err)
	}
}

// TestEventsCount: a link that is below the floor for a while cannot be cut.
func TestEventsCount(t *testing.T) {
	graph := topologytest.Cell(t)
	line, _ := graph.Lookup("line")
	o := cut.Options{Machines: list(t, "2")}
	if _, err := cut.Find(graph, o); err != nil {
		t.Fatal(err)
	}
	o.Lowest = map[topology.Channel][]topology.Shape{{Link: line, Dir: 1}: {{Delay: 900 * time.Microsecond}}}
	if _, err := cut.Find(graph, o); err == nil || !strings.Contains(err.Error(), "line (900µs)") {
		t.Errorf("%v", err)
	}
}

// TestWeights: a machine of twice the weight carries twice as much.
// TestAttachmentsCount: a host whose link is shorter than the floor is on the machine of each place that it is attached
// to, and a refusal says where that is written.
func TestAttachmentsCount(t *testing.T) {
	graph := topology.New("roaming")
	add := func(v topology.Vertex) topology.ID {
		id, err := graph.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	join := func(a, b topology.ID, name string, delay time.Duration) topology.ID {
		s := topology.Shape{Delay: delay}
		link := add(topology.Vertex{Name: name, Kind: topology.Link, Shape: [2]topology.Shape{s, s}})
		graph.Join(link, a, 0)
		graph.Join(link, b, 0)
		return link
	}
	phone, server := add(topology.Vertex{Name: "phone"}), add(topology.Vertex{Name: "server"})
	near := add(topology.Vertex{Name: "near", Kind: topology.Switch})
	far := add(topology.Vertex{Name: "far", Kind: topology.Switch})
	radio := join(phone, near, "radio", 500*time.Microsecond)
	join(near, far, "backhaul", 5*time.Millisecond)
	join(far, server, "cable", 0)
	o := cut.Options{Machines: list(t, "a,b")}
	if r, err := cut.Find(graph, o); err != nil || r.Partition.Of["phone"] == r.Partition.Of["far"] {
		t.Fatalf("%+v, %v", r, err)
	}
	o.Moves = []cut.Move{{At: radio, From: near, To: far, Why: "x.yaml:9:3: events[0]"}}
	_, err := cut.Find(graph, o)
	if err == nil || !strings.Contains(err.Error(), "radio (500µs, x.yaml:9:3: events[0])") {
		t.Errorf("got %v", err)
	}
	o.Floor = 400 * time.Microsecond
	if r, err := cut.Find(graph, o); err != nil || r.Partition.Of["phone"] == r.Partition.Of["far"] {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestWeights(t *testing.T) {
	graph := topology.New("star")
	g := &grower{t: t, r: rand.New(rand.NewPCG(1, 1)), graph: graph}
	hub := g.add(topology.Vertex{Name: "hub", Kind: topology.Switch})
	for i := range 90 {
		line := g.add(topology.Vertex{Name: fmt.Sprintf("l%d", i), Kind: topology.Link,
			Shape: [2]topology.Shape{{Delay: 5 * time.Millisecond}, {Delay: 5 * time.Millisecond}}})
		graph.Join(g.add(topology.Vertex{Name: fmt.Sprintf("h%d", i)}), line, 0)
		graph.Join(line, hub, 0)
	}
	r, err := cut.Find(graph, cut.Options{Machines: list(t, "a,b=2")})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := r.Loads[0], r.Loads[1]; a.Share > cut.Balance || b.Share > cut.Balance || a.Nodes+b.Nodes != 90 {
		t.Errorf("%+v and %+v", a, b)
	}
}

// TestTraffic: what crosses little is cut, even where its rate is higher.
func TestTraffic(t *testing.T) {
	graph := topology.New("line")
	g := &grower{t: t, r: rand.New(rand.NewPCG(1, 1)), graph: graph}
	var lines []topology.ID
	last := g.add(topology.Vertex{Name: "h0"})
	for i := range 3 {
		line := g.add(topology.Vertex{Name: fmt.Sprintf("l%d", i), Kind: topology.Link,
			Shape: [2]topology.Shape{{Rate: 1e6, Delay: 5 * time.Millisecond}, {Rate: 1e6, Delay: 5 * time.Millisecond}}})
		lines = append(lines, line)
		s := g.add(topology.Vertex{Name: fmt.Sprintf("s%d", i), Kind: topology.Switch})
		graph.Join(last, line, 0)
		graph.Join(line, s, 0)
		host := g.add(topology.Vertex{Name: fmt.Sprintf("h%d", i+1)})
		graph.Join(host, s, 0)
		last = s
	}
	traffic := map[topology.Channel]float64{}
	for i, bytes := range []float64{5, 100, 100} { // h0 | h1 - h2 - h3
		traffic[topology.Channel{Link: lines[i]}] = bytes
	}
	r, err := cut.Find(graph, cut.Options{Machines: list(t, "a,b=3"), Traffic: &cut.Traffic{Queues: traffic}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Crossings) != 2 || r.Crossings[0].Link != "l0" || r.Crossings[0].Traffic != 5 || !r.Planned {
		t.Errorf("%+v", r.Crossings)
	}
	if want := 5. / 205; r.Share != want {
		t.Errorf("%v of the traffic crosses, not %v", r.Share, want)
	}
}
