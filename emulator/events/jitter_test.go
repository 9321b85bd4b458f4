package events_test

import (
	"strings"
	"testing"
	"time"

	"testbed/emulator/events"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// Jitter is held against the delay in force at the same time, whichever event sets which.
func TestJitterBesideDelay(t *testing.T) {
	const ms = time.Millisecond
	graph := topology.New("t")
	link := topology.Vertex{Name: "l", Kind: topology.Link, Shape: [2]topology.Shape{{Delay: 5 * ms}, {Delay: 5 * ms}}}
	for _, v := range []topology.Vertex{link, {Name: "a"}, {Name: "b"}} {
		if _, err := graph.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	graph.Join(0, 1, 0)
	graph.Join(0, 2, 0)
	event := func(from, to time.Duration, args string) scenario.Event {
		p, err := scenario.ParseProperties(strings.Fields(args))
		if err != nil {
			t.Fatal(err)
		}
		e := scenario.Event{Link: []string{"l"}, Set: &p}
		if to == 0 {
			e.At = &from
		} else {
			e.From, e.To = &from, &to
		}
		return e
	}
	for name, c := range map[string]struct {
		list []scenario.Event
		want string
	}{
		"fits": {[]scenario.Event{event(1, 0, "jitter=5ms")}, ""},
		"too large": {
			[]scenario.Event{event(time.Second, 0, "jitter=6ms")},
			"from 1s on: link l: the jitter of 6ms is larger than the delay of 5ms",
		},
		"delay before":     {[]scenario.Event{event(1, 0, "delay=9ms"), event(2, 0, "jitter=6ms")}, ""},
		"delay afterwards": {[]scenario.Event{event(1, 0, "jitter=6ms"), event(2, 0, "delay=9ms")}, "from 1ns on"},
		"shorter later": {
			[]scenario.Event{event(1, 0, "jitter=4ms"), event(2, 0, "delay=3ms")},
			"from 2ns on: link l: the jitter of 4ms is larger than the delay of 3ms",
		},
		"window ends":   {[]scenario.Event{event(1, 3, "delay=9ms"), event(2, 0, "jitter=6ms")}, "from 3ns on"},
		"within window": {[]scenario.Event{event(1, 5, "delay=9ms"), event(2, 4, "jitter=6ms")}, ""},
		"at one time":   {[]scenario.Event{event(1, 0, "jitter=6ms"), event(1, 0, "delay=9ms")}, ""},
	} {
		_, err := events.Compile(graph, c.list)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
