package events_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"testbed/emulator/events"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// draw makes random events on the network of the tests; times are whole milliseconds below 40.
func draw(r *rand.Rand) []scenario.Event {
	links := []string{"a-s", "b-s", "up", "down"}
	nodes := []string{"a", "b", "c", "s", "cloud"}
	pick := func(from []string) []string {
		list := slices.Clone(from)
		r.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
		return list[:1+r.IntN(2)]
	}
	var list []scenario.Event
	for range 1 + r.IntN(12) {
		e := scenario.Event{}
		begin := time.Duration(r.IntN(30)) * time.Millisecond
		if r.IntN(2) == 0 {
			e.At = at(begin)
		} else {
			e.From, e.To = at(begin), at(begin+time.Duration(1+r.IntN(10))*time.Millisecond)
		}
		switch k := r.IntN(6); {
		case k == 0:
			e.Link, e.Set = pick(links), properties(r)
		case k == 1 && e.At != nil:
			e.Link, e.Reset = pick(links), true
		case k == 2 && e.At != nil:
			e.Node, e.Up = pick(nodes), true
		case k == 3:
			e.Partition = [][]string{{"a"}, {"b", "c"}}[:1+r.IntN(2)]
		case k == 4 && e.From != nil:
			e.Link, e.Flap = pick(links), &scenario.Flap{Period: 3 * time.Millisecond, Down: time.Millisecond}
		default:
			e.Node, e.Down = pick(nodes), true
		}
		list = append(list, e)
	}
	return list
}

func properties(r *rand.Rand) *scenario.Properties {
	p := &scenario.Properties{}
	if r.IntN(2) == 0 {
		rate := units.BitRate(1+r.IntN(20)) * units.Mbps
		p.Rate = &scenario.Both[units.BitRate]{Up: &rate, Down: &rate}
	}
	loss := scenario.Fraction(r.IntN(3)) / 10
	p.Loss = &scenario.Both[scenario.Fraction]{Up: &loss, Down: &loss}
	return p
}

// active is an event that is in force, by its begin: that of the period where it is a flap.
type active struct {
	begin time.Duration
	e     *scenario.Event
}

// inForce lists the events in force at an instant, in the order in which they began.
func inForce(list []scenario.Event, now time.Duration) []active {
	var all []active
	for i := range list {
		e := &list[i]
		begin := e.Begin()
		if begin > now {
			continue
		}
		if e.Flap != nil { // the period that now is in
			if begin += (now - begin) / e.Flap.Period * e.Flap.Period; now >= begin+e.Flap.Down {
				continue
			}
		}
		if e.To == nil || now < *e.To {
			all = append(all, active{begin, e})
		}
	}
	slices.SortStableFunc(all, func(a, b active) int { return int(a.begin - b.begin) })
	return all
}

// state is the network at an instant, from its definition: no state is carried from one to the next.
func state(t *topology.Topology, list []scenario.Event, now time.Duration) events.Moment {
	m := events.Moment{Shapes: map[topology.Channel]topology.Shape{}}
	shapes, down := map[string][2]topology.Shape{}, map[topology.ID]bool{}
	groups := map[string]string{}
	for _, a := range inForce(list, now) {
		for _, name := range a.e.Link {
			id, _ := t.Lookup(name)
			shape, ok := shapes[name]
			if !ok || a.e.Reset {
				shape = t.Vertices[id].Shape
			}
			if a.e.Set != nil {
				_ = a.e.Set.Merge(&shape, t.Vertices[id].LinkType)
			}
			shapes[name] = shape
		}
		for _, name := range append(slices.Clone(a.e.Link), a.e.Node...) {
			id, _ := t.Lookup(name)
			if a.e.Down || a.e.Up || a.e.Flap != nil {
				down[id] = !a.e.Up
			}
		}
		for _, host := range []string{"a", "b", "c", "cloud"} {
			for i, g := range a.e.Partition {
				if slices.Contains(g, host) {
					groups[host] += string(rune('1' + i))
				}
			}
			if len(a.e.Partition) > 0 {
				groups[host] += ";"
			}
		}
	}
	for name, shape := range shapes {
		id, _ := t.Lookup(name)
		for dir := range shape {
			if shape[dir] != t.Vertices[id].Shape[dir] {
				m.Shapes[topology.Channel{Link: id, Dir: dir}] = shape[dir]
			}
		}
	}
	for id, is := range down {
		if is {
			m.Down = append(m.Down, id)
		}
	}
	slices.Sort(m.Down)
	m.Partition = partition(t, groups)
	return m
}

// partition gives the groups of hosts whose text is the same, without those that are in no group at all.
func partition(t *topology.Topology, groups map[string]string) [][]topology.ID {
	var out [][]topology.ID
	index := map[string]int{}
	for _, id := range t.Attached() {
		text := groups[t.Vertices[id].Name]
		if i, ok := index[text]; ok {
			out[i] = append(out[i], id)
		} else if len(text) > 0 && slices.ContainsFunc([]byte(text), func(c byte) bool { return c != ';' }) {
			index[text] = len(out)
			out = append(out, []topology.ID{id})
		}
	}
	return out
}

func same(a, b events.Moment) string {
	none := cmp.FilterValues(func(x, y []topology.ID) bool { return len(x)+len(y) == 0 }, cmp.Ignore())
	empty := func(m events.Moment) events.Moment {
		if m.Shapes == nil {
			m.Shapes = map[topology.Channel]topology.Shape{}
		}
		m.At, m.Event = 0, nil
		return m
	}
	nobody := cmp.FilterValues(func(x, y [][]topology.ID) bool { return len(x)+len(y) == 0 }, cmp.Ignore())
	return cmp.Diff(empty(a), empty(b), none, nobody, cmpopts.IgnoreUnexported(events.Moment{}))
}

// TestAgainstDefinition compares every moment of random events with the state worked out afresh, and the
// end with that of the events that do not end.
func TestAgainstDefinition(t *testing.T) {
	graph, _ := read(t, "\n  - {at: 1s, link: up, down}\n")
	r := rand.New(rand.NewPCG(testenv.Seed(t), 1))
	checked := 0
	for range 2000 {
		list := draw(r)
		moments, err := events.Compile(graph, list)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range moments {
			if i > 0 && m.At <= moments[i-1].At {
				t.Fatalf("moment %d is at %v, after one at %v", i, m.At, moments[i-1].At)
			}
			if d := same(state(graph, list, m.At), m); d != "" {
				t.Fatalf("at %v (-by definition +compiled):\n%s", m.At, d)
			}
			checked++
		}
		lasting := slices.DeleteFunc(slices.Clone(list), func(e scenario.Event) bool { return e.Window() })
		final, err := events.Compile(graph, lasting)
		if err != nil {
			t.Fatal(err)
		}
		var want events.Moment
		if len(final) > 0 {
			want = final[len(final)-1]
		}
		if d := same(want, moments[len(moments)-1]); d != "" {
			t.Fatalf("after all windows (-events that last +all):\n%s", d)
		}
	}
	if checked < 5000 {
		t.Errorf("only %d moments were compared", checked)
	}
}

// FuzzEvents compiles whatever Parse accepts: the two must agree on what is possible.
func FuzzEvents(f *testing.F) {
	f.Add("\n  - {at: 2s, link: a-s, set: {rate: {up: 1Mbps}}}\n  - {at: 3s, link: a-s, reset}\n")
	f.Add("\n  - {from: 1s, to: 4s, link: [up, down], flap: {period: 2s, down: 1500ms}}\n")
	f.Add("\n  - {from: 1s, to: 4s, partition: [[b, a], [c]]}\n  - {at: 2s, node: cloud, down: true}\n")
	f.Fuzz(func(t *testing.T, list string) {
		s, err := scenario.Parse([]byte(network+"events:\n"+list), "f", builtin.Catalogue())
		if err != nil {
			return
		}
		graph, err := s.Topology()
		if err != nil {
			return
		}
		moments, err := events.Compile(graph, s.Events)
		if err != nil {
			return // what is too much is found here only
		}
		for i, m := range moments {
			if i > 0 && m.At <= moments[i-1].At {
				t.Fatal("moments are not in order")
			}
		}
	})
}
