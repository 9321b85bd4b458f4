package scenario_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// tracedFiles are those that the scenarios of these tests read.
var tracedFiles = map[string]string{
	"a.up":      "1\n2\n3\n4\n",
	"a.down":    "1\n1\n2\n2\n",
	"walk.csv":  "time,rate,loss\n0,10Mbps,0\n10,2Mbps,5%\n20,0bps,0\n",
	"slow.csv":  "time,delay\n0,10ms\n10,30ms\n",
	"rtt.csv":   "delay_ms\n10\n20\n30\n",
	"rtt2.csv":  "delay_ms\n10\n40\n",
	"bad.csv":   "time,rate\n0,fast\n",
	"bad2.csv":  "delay_ms,cdf\n5,0.5\n",
	"empty.csv": "",
	"all.csv": "time,rate,delay,jitter,loss,queue\n0,10Mbps,40ms,2ms,1%,90kB\n10,2Mbps,60ms,4ms,3%,50kB\n" +
		"20,2Mbps,60ms,4ms,3%,50kB\n",
	"far.csv":   "time,distance\n0,0\n10,100\n",
	"radio.csv": "distance_m,rate_mbps,loss\n0,20,0\n100,10,10%\n",
}

// loaded reads a scenario whose section topology and what follows are given.
func loaded(t *testing.T, rest string) (*scenario.Scenario, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range tracedFiles {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "s.yaml")
	if err := os.WriteFile(path, []byte("name: x\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	return scenario.Load(path, builtin.Catalogue())
}

const tracedNodes = "topology:\n  nodes: {a: {}, b: {}, c: {}, s: {kind: switch}}\n  links:\n"

func TestLinksFollowTraces(t *testing.T) {
	s, err := loaded(t, tracedNodes+`
    - name: radio
      class: lte
      endpoints: [a, s]
      delay: 20ms
      trace: {up: a.up, down: {file: a.down, format: mahimahi}}
    - {name: walk, endpoints: [b, s], delay: 5ms, trace: {file: walk.csv, interpolate: linear, start: up}}
    - {name: far, class: lte, endpoints: [c, s], rate: 5Mbps, delays: {file: rtt.csv, correlation: 0.5}}
classes:
  lte: {trace: a.down}
overrides:
  walk: {queue: 100kB}
`)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := s.Topology()
	if err != nil {
		t.Fatal(err)
	}
	shape := func(name string, dir int) (*linktrace.Trace, *topology.Shape) {
		id, _ := graph.Lookup(name)
		of := &graph.Vertices[id].Shape[dir]
		return graph.Trace(of), of
	}
	up, of := shape("radio", 0)
	if up == nil || up.Name != "a.up" || !up.WithRun || of.Delay != 20*time.Millisecond || of.Rate != 12_112*units.Kbps {
		t.Errorf("up: %+v, %+v", up, of)
	}
	down, _ := shape("radio", 1)
	if down == nil || down.Name != "a.down" || len(down.Opportunities) != 4 {
		t.Errorf("down: %+v", down)
	}
	walk, of := shape("walk", 0)
	back, _ := shape("walk", 1)
	if walk == nil || walk != back || walk.WithRun || !walk.Linear || of.Loss != 0.025 || of.Queue != 100_000 ||
		of.Rate != 3500*units.Kbps {
		t.Errorf("walk: %+v, %+v", walk, of)
	}
	// A rate of the link's own comes before the class's trace.
	far, of := shape("far", 0)
	delays := graph.Delays(of)
	if far != nil || of.Rate != 5*units.Mbps || delays == nil || delays.Spread.Correlation != 0.5 ||
		of.Delay != 20*time.Millisecond || of.Jitter != 10*time.Millisecond {
		t.Errorf("far: %+v, %+v, %+v", far, of, delays)
	}
	if len(graph.Traces) != 4 { // the class's own is followed by none
		t.Errorf("%d traces: %+v", len(graph.Traces), graph.Traces)
	}
	roundTrip(t, s)
}

// TestTracesAreInputs: each file is kept once, whoever reads it, and the copy reads what was kept.
func TestTracesAreInputs(t *testing.T) {
	s, err := loaded(t, tracedNodes+`
    - {name: one, endpoints: [a, s], trace: {up: a.up, down: a.down}}
    - {name: two, endpoints: [b, s], trace: {up: a.up, down: a.down}}
    - {name: three, endpoints: [c, s], delays: {up: rtt.csv, down: rtt.csv}}
`)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, r := range s.References() {
		files[r.Key] = "kept/" + filepath.Base(r.Path)
	}
	if len(files) != 3 || files["topology.links[0].trace.up"] != "kept/a.up" {
		t.Fatalf("%v", files)
	}
	moved := s.Relocated("/elsewhere/scenario.yaml", files)
	text, err := moved.Resolved()
	if err != nil || strings.Count(string(text), "kept/a.up") != 2 || strings.Count(string(text), "kept/rtt.csv") != 2 {
		t.Errorf("%v\n%s", err, text)
	}
	if before, err := s.Resolved(); err != nil || strings.Contains(string(before), "kept") {
		t.Errorf("the original reads the copies: %v\n%s", err, before)
	}
}

func TestWhatIsWrongWithTraces(t *testing.T) {
	link := func(rest string) string { return tracedNodes + "    - {endpoints: [a, s], " + rest + "}\n" }
	one := func(rest string) string {
		return tracedNodes + "    - {name: up, type: uplink, endpoints: [a, s], " + rest + "}\n"
	}
	for text, want := range map[string]string{
		link("trace: none.up"):                                           "no such file",
		link("trace: bad.csv"):                                           `bad.csv:2: rate: "fast" is in no unit`,
		link("trace: empty.csv"):                                         "empty.csv:1: it is empty",
		link("trace: {start: up}"):                                       "it is not said what the link follows",
		link("trace: {file: a.up, down: a.down}"):                        "the trace of a direction is given twice",
		link("trace: {file: a.up, format: csv}"):                         "a.up:1: the column",
		link("trace: {file: a.up, end: hold}"):                           "leave end out",
		link("trace: a.up, rate: 1Mbps"):                                 "follows a trace, a.up, that gives its rate",
		link("trace: {up: a.up}, rate: 1Mbps"):                           "follows a trace, a.up, that gives its rate",
		link("trace: slow.csv, delay: 1ms"):                              "follows a trace, slow.csv, that gives its delay",
		link("trace: slow.csv, delays: rtt.csv"):                         "the trace slow.csv gives the delay",
		link("trace: {file: a.up, interpolate: linear}"):                 "leave interpolate out",
		one("trace: {up: a.up, down: a.down}"):                           "a link of type uplink has one queue",
		link("delays: rtt.csv, jitter: 1ms"):                             "the link draws its delays from rtt.csv",
		link("delays: bad2.csv"):                                         "bad2.csv:2: the last cdf is 0.5",
		link("delays: {correlation: 0.5}"):                               "it is not said what delays are drawn from",
		link("delays: {file: rtt.csv, up: rtt.csv}"):                     "the distribution of a direction is given twice",
		link("delays: {file: rtt.csv, correlation: 0.5, coherence: 1s}"): "is given more than once",
	} {
		_, err := loaded(t, text+"    - {endpoints: [b, s]}\n    - {endpoints: [c, s]}\n")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: %v, want %s alone", text, err, want)
		}
	}
}

// TestDistancesAreLookedUpInATable: the link is as the table says for where the host is.
func TestDistancesAreLookedUpInATable(t *testing.T) {
	s, err := loaded(t, tracedNodes+`
    - {name: one, endpoints: [a, s], trace: {file: far.csv, table: radio.csv, interpolate: linear, end: hold}}
    - {endpoints: [b, s]}
    - {endpoints: [c, s]}
`)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := s.Topology()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := graph.Lookup("one")
	if v := &graph.Vertices[id]; v.Shape[0].Rate != 15*units.Mbps || math.Abs(v.Shape[1].Loss-0.05) > 1e-12 {
		t.Errorf("%+v", v.Shape)
	}
	if r := s.References(); len(r) != 2 || filepath.Base(r[1].Path) != "radio.csv" {
		t.Errorf("%+v", r)
	}
	roundTrip(t, s)
}

func TestARateOfOneDirectionGoesWithATraceOfTheOther(t *testing.T) {
	s, err := loaded(t, tracedNodes+`
    - {name: one, endpoints: [a, s], trace: {up: a.up}, rate: {down: 3Mbps}}
    - {endpoints: [b, s]}
    - {endpoints: [c, s], trace: slow.csv, rate: 5Mbps}
`)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := s.Topology()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := graph.Lookup("one")
	if v := &graph.Vertices[id]; graph.Trace(&v.Shape[0]) == nil || graph.Trace(&v.Shape[1]) != nil ||
		v.Shape[1].Rate != 3*units.Mbps {
		t.Errorf("%+v", v.Shape)
	}
	// A rate that is set later ends the trace; what the trace gives cannot be set without.
	rate, delay := 1*units.Mbps, 5*time.Millisecond
	set := scenario.Properties{Rate: &scenario.Both[units.BitRate]{Up: &rate, Down: &rate}}
	if err := set.Change(graph, id); err != nil || graph.Trace(&graph.Vertices[id].Shape[0]) != nil {
		t.Errorf("%v: %+v", err, graph.Vertices[id].Shape)
	}
	slow, _ := graph.Lookup("c-s")
	err = scenario.Properties{Delay: &scenario.Both[time.Duration]{Up: &delay}}.Change(graph, slow)
	if err == nil || !strings.Contains(err.Error(), "delay: the link follows a trace, slow.csv, that gives it") {
		t.Errorf("a delay is set on a link whose trace gives it: %v", err)
	}
}

// What is wrong with the delay that rtt gives is said of rtt, which is what the file has.
func TestRTTBesideWhatGivesDelays(t *testing.T) {
	for of, want := range map[[2]string]string{
		{"delays: rtt.csv"}: "s.yaml:7:32: topology.links[2].rtt: the link draws its delays",
		{"trace: slow.csv"}: "s.yaml:7:32: topology.links[2].rtt: the link follows a trace, slow.csv, that gives its delay",
		{"jitter: 40ms", "overrides: {a-s: {rtt: 6ms}}\n"}: "s.yaml:8:24: overrides.a-s.rtt: the jitter of 40ms is larger " +
			"than the delay of 3ms; write at least the jitter",
	} {
		_, err := loaded(t, tracedNodes+"    - {endpoints: [b, s]}\n    - {endpoints: [c, s]}\n"+
			"    - {endpoints: [a, s], rtt: 90ms, "+of[0]+"}\n"+of[1])
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", of, err, want)
		}
	}
}

// What is missing has a remedy, also where what it is needs no comment.
func TestMissingKindIsNamed(t *testing.T) {
	for _, section := range []string{
		"replay: {arrival: {rate: 1/s}}", "placement: {dispatch: {seed: 1}}", "workload: {synth: {jobs: 3}}",
		"topology: {synth: {hosts: 3}}",
	} {
		_, err := scenario.Parse([]byte("name: x\n"+section), "f", builtin.Catalogue())
		_, remedy, _ := strings.Cut(err.Error(), `the key "kind" is missing; add it: `)
		if first, _, _ := strings.Cut(remedy, "\n"); !strings.Contains(first, ", ") {
			t.Errorf("%s: %v", section, err)
		}
	}
}
