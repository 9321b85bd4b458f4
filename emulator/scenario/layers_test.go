package scenario_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// places are where a link's properties may stand, the more specific last, with what stands there.
type places struct{ class, own, override string }

// aspects are what one direction of a link is like, by what a user calls it: values, or the file that they come from.
type aspects map[string]string

// likeness is what the link one is like, up and down, and the link two, of which nothing is said but its class.
func likeness(t *testing.T, p places) (one [2]aspects, two aspects) {
	t.Helper()
	text := "topology:\n  nodes: {a: {}, b: {}, s: {kind: switch}}\n  links:\n" +
		"    - {name: one, class: c, endpoints: [a, s], " + p.own + "}\n    - {name: two, class: c, endpoints: [b, s]}\n"
	if p.class != "" {
		text += "classes: {c: {" + p.class + "}}\n"
	}
	if p.override != "" {
		text += "overrides: {one: {" + p.override + "}}\n"
	}
	s, err := loaded(t, text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	graph, err := s.Topology()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	of := func(name string, dir int) aspects {
		id, _ := graph.Lookup(name)
		return aspectsOf(graph, &graph.Vertices[id].Shape[dir])
	}
	return [2]aspects{of("one", 0), of("one", 1)}, of("two", 0)
}

func aspectsOf(graph *topology.Topology, s *topology.Shape) aspects {
	a := aspects{
		"rate": fmt.Sprint(s.Rate), "delay": fmt.Sprint(s.Delay), "jitter": fmt.Sprint(s.Jitter), "loss": fmt.Sprint(s.Loss),
		"reorder": fmt.Sprint(s.Reorder), "duplicate": fmt.Sprint(s.Duplicate), "corrupt": fmt.Sprint(s.Corrupt),
		"queue": fmt.Sprint(s.Queue), "mtu": fmt.Sprint(s.MTU),
	}
	if trace := graph.Trace(s); trace != nil {
		a["rate"] = map[bool]string{true: trace.Name, false: a["rate"]}[trace.ServesPackets()]
		for key, column := range map[string]linktrace.Columns{
			"delay": linktrace.Delay, "jitter": linktrace.Jitter, "loss": linktrace.Loss, "queue": linktrace.Queue,
		} {
			if trace.Columns&column != 0 {
				a[key] = trace.Name
			}
		}
	}
	if delays := graph.Delays(s); delays != nil {
		a["delay"], a["jitter"] = delays.Name, delays.Name
	}
	return a
}

// twice are two values of each key that links may have. Beside jitter stands the delay that it needs.
var twice = map[string][2]string{
	"rate": {"3Mbps", "7Mbps"}, "delay": {"10ms", "20ms"}, "rtt": {"10ms", "60ms"}, "jitter": {"1ms", "2ms"},
	"loss": {"1%", "2%"}, "reorder": {"1%", "2%"}, "duplicate": {"1%", "2%"}, "corrupt": {"1%", "2%"},
	"mtu": {"1300", "1400"}, "queue": {"70kB", "80kB"}, "trace": {"all.csv", "a.up"}, "delays": {"rtt.csv", "rtt2.csv"},
}

// written is a key with a value, and the delay that a jitter needs.
func writtenKey(key, value string) string {
	if key == "jitter" {
		return "delay: 50ms, jitter: " + value
	}
	return key + ": " + value
}

// linkKeys are the keys that classes, links and overrides may give, with those that have a value for each direction.
func linkKeys(t *testing.T) (keys []string, directed map[string]bool) {
	t.Helper()
	directed = map[string]bool{}
	for _, of := range []reflect.Type{reflect.TypeFor[scenario.Properties](), reflect.TypeFor[scenario.Override]()} {
		for i := range of.NumField() {
			name, rest, _ := strings.Cut(of.Field(i).Tag.Get("yaml"), ",")
			if name == "" || rest == "key" {
				continue
			}
			if _, known := twice[name]; !known {
				t.Errorf("no values are known of the key %s: add two", name)
				continue
			}
			keys = append(keys, name)
			if elem := of.Field(i).Type.Elem(); elem.Kind() == reflect.Struct {
				_, directed[name] = elem.FieldByName("Up")
			}
		}
	}
	return keys, directed
}

// TestTheMoreSpecificPlaceGivesAProperty: whatever the key, a link's own comes before its class's, an override before
// both, and nothing is left of the one that it stands for.
func TestTheMoreSpecificPlaceGivesAProperty(t *testing.T) {
	keys, directed := linkKeys(t)
	if len(keys) != len(twice) {
		t.Errorf("%d keys, and values of %d", len(keys), len(twice))
	}
	_, none := likeness(t, places{})
	for _, key := range keys {
		less, more := writtenKey(key, twice[key][0]), writtenKey(key, twice[key][1])
		_, class := likeness(t, places{class: less})
		want, _ := likeness(t, places{own: more})
		if cmp.Equal(class, want[0]) || cmp.Equal(class, none) || cmp.Equal(want[0], none) {
			t.Errorf("%s: %v, %v and nothing at all are alike", key, class, want[0])
		}
		for _, p := range []places{
			{class: less, own: more}, {class: less, override: more}, {own: less, override: more},
			{class: less, own: less, override: more},
		} {
			one, two := likeness(t, p)
			if d := cmp.Diff(want, one); d != "" {
				t.Errorf("%s: %+v (-want +got):\n%s", key, p, d)
			}
			if wantTwo := map[bool]aspects{true: class, false: none}[p.class != ""]; !cmp.Equal(wantTwo, two) {
				t.Errorf("%s: %+v: the other link is like %v, not %v", key, p, two, wantTwo)
			}
		}
		if !directed[key] {
			continue
		}
		classes, _ := likeness(t, places{own: less})
		one, _ := likeness(t, places{class: less, own: writtenKey(key, "{up: "+twice[key][1]+"}")})
		if d := cmp.Diff([2]aspects{want[0], classes[1]}, one); d != "" {
			t.Errorf("%s: up alone is the link's own (-want +got):\n%s", key, d)
		}
	}
}

// TestAPropertyComesBeforeALessSpecificTrace, which goes on giving all others; and the other way round.
func TestAPropertyComesBeforeALessSpecificTrace(t *testing.T) {
	traced, _ := likeness(t, places{own: "trace: all.csv"})
	for key, also := range map[string]string{
		"rate": "", "delay": "jitter", "rtt": "jitter", "jitter": "", "loss": "", "queue": "",
	} {
		value := key + ": " + twice[key][1]
		constant, _ := likeness(t, places{own: writtenKey(key, twice[key][1])})
		want := [2]aspects{}
		for dir := range want {
			want[dir] = aspects{}
			for aspect := range traced[dir] {
				from := traced
				if aspect == key || aspect == also || key == "rtt" && aspect == "delay" {
					from = constant
				}
				want[dir][aspect] = from[dir][aspect]
			}
		}
		for _, p := range []places{
			{class: "trace: all.csv", own: value}, {class: "trace: all.csv", override: value},
			{own: "trace: all.csv", override: value},
		} {
			one, _ := likeness(t, p)
			if d := cmp.Diff(want, one); d != "" {
				t.Errorf("%+v (-want +got):\n%s", p, d)
			}
		}
		one, _ := likeness(t, places{class: writtenKey(key, twice[key][0]), own: "trace: all.csv"})
		if d := cmp.Diff(traced, one); d != "" {
			t.Errorf("a trace after %s (-want +got):\n%s", value, d)
		}
	}
}

// TestDelaysComeInOneOfThreeWays: as constants, by a trace, or from a distribution.
func TestDelaysComeInOneOfThreeWays(t *testing.T) {
	for _, c := range []struct {
		places
		rate, delay, jitter string
	}{
		{places{class: "trace: all.csv", own: "delays: rtt.csv"}, "all.csv", "rtt.csv", "rtt.csv"},
		{places{class: "delays: rtt.csv", own: "trace: all.csv"}, "all.csv", "all.csv", "all.csv"},
		{places{class: "delays: rtt.csv", own: "trace: a.up"}, "a.up", "rtt.csv", "rtt.csv"},
		{places{class: "delays: rtt.csv", own: "trace: slow.csv"}, "0bps", "slow.csv", "0s"},
		{places{class: "delays: rtt.csv", own: "delay: 5ms"}, "0bps", "5ms", "0s"},
		{places{class: "delays: rtt.csv", own: "jitter: 5ms"}, "0bps", "20ms", "5ms"},
		{places{class: "delays: rtt.csv", own: "jitter: 5ms", override: "delays: rtt2.csv"}, "0bps", "rtt2.csv", "rtt2.csv"},
		{places{class: "delays: rtt.csv", own: "jitter: 5ms", override: "delay: 6ms"}, "0bps", "6ms", "5ms"},
		{places{class: "delay: 9ms, jitter: 3ms", own: "trace: slow.csv"}, "0bps", "slow.csv", "3ms"},
	} {
		one, _ := likeness(t, c.places)
		for _, a := range one {
			if a["rate"] != c.rate || a["delay"] != c.delay || a["jitter"] != c.jitter {
				t.Errorf("%+v: %v", c.places, a)
			}
		}
	}
}

// TestMeansAreOfWhatIsFollowed: what a trace gives no more does not stay behind in what stands for it.
func TestMeansAreOfWhatIsFollowed(t *testing.T) {
	s, err := loaded(t, "topology:\n  nodes: {a: {}, b: {}}\n  links: [{name: one, class: c, endpoints: [a, b], "+
		"trace: {up: slow.csv}, rate: 5Mbps}]\nclasses: {c: {trace: all.csv}}\n")
	if err != nil {
		t.Fatal(err)
	}
	graph, err := s.Topology()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := graph.Lookup("one")
	up, down := graph.Vertices[id].Shape[0], graph.Vertices[id].Shape[1]
	up.Trace, down.Trace = 0, 0
	if want := (topology.Shape{Rate: 5 * units.Mbps, Delay: 10 * time.Millisecond}); up != want {
		t.Errorf("up: %+v, want %+v", up, want)
	}
	want := topology.Shape{Rate: 5 * units.Mbps, Delay: 50 * time.Millisecond, Jitter: 3 * time.Millisecond, Loss: 0.02,
		Queue: 90_000}
	if down.Loss, want.Loss = 0, 0; down != want {
		t.Errorf("down: %+v, want %+v", down, want)
	}
	// Its rate no more says how much may wait.
	if limit := graph.QueueLimits()[topology.Channel{Link: id}]; limit != topology.MinimumQueue {
		t.Errorf("up has room for %v", limit)
	}
}

// TestAJitterIsHeldAgainstTheLeastDelayOfATrace, around which it is.
func TestAJitterIsHeldAgainstTheLeastDelayOfATrace(t *testing.T) {
	for text, want := range map[string]string{
		"trace: slow.csv, jitter: 10ms": "", // from 10 to 30 ms
		"trace: slow.csv, jitter: 11ms": "the jitter of 11ms is larger than the delay of 10ms",
		"trace: a.up, jitter: 1ms":      "the jitter of 1ms is larger than the delay of 0s",
	} {
		_, err := loaded(t, "topology:\n  nodes: {a: {}, b: {}}\n  links: [{endpoints: [a, b], "+text+"}]\n")
		if got := fmt.Sprint(err); want == "" && err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
