package scenario_test

import (
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// What is set by hand obeys the rule of the file, whatever the order of arguments: jitter is at most the delay.
func TestJitterOfArguments(t *testing.T) {
	const ms = time.Millisecond
	for args, bad := range map[string]string{
		"jitter=5ms": "", "jitter=10ms": "the jitter of 10ms is larger than the delay of 5ms",
		"jitter.down=6ms": "jitter of 6ms", "jitter=10ms delay=10ms": "", "delay=10ms jitter=10ms": "",
		"jitter=10ms rtt=20ms": "", "rtt=18ms jitter=10ms": "larger than the delay of 9ms",
		"delay=1ms": "the jitter of 2ms is larger than the delay of 1ms", "delay.up=1ms": "jitter of 2ms",
		"delay=1ms jitter=0s": "", "delay=2ms": "",
		"delay.up=20ms jitter=10ms": "larger than the delay of 5ms", "delay.up=20ms jitter.up=10ms": "", "rate=1Mbps": "",
	} {
		p, err := scenario.ParseProperties(strings.Fields(args))
		if err != nil {
			t.Fatal(err)
		}
		was := [2]topology.Shape{{Delay: 5 * ms, Jitter: 2 * ms}, {Delay: 5 * ms, Jitter: 2 * ms}}
		got := was
		err = p.Merge(&got, topology.Duplex)
		if (err != nil) != (bad != "") || err != nil && (!strings.Contains(err.Error(), bad) || got != was) {
			t.Errorf("%s: %v", args, err)
		}
		topo := topology.New("t")
		for _, v := range []topology.Vertex{{Name: "l", Kind: topology.Link, Shape: was}, {Name: "a"}, {Name: "b"}} {
			if _, err := topo.Add(v); err != nil {
				t.Fatal(err)
			}
		}
		topo.Join(0, 1, 0)
		topo.Join(0, 2, 0)
		if again := p.Change(topo, 0); (again == nil) != (err == nil) || topo.Vertices[0].Shape != got {
			t.Errorf("%s: in a topology %v, alone %v", args, again, err)
		}
		topo.Adjacency = make([][]topology.Edge, 3)
		topo.Vertices[0].Shape = was
		topo.Join(0, 1, 8*ms)
		topo.Join(0, 2, 0)
		if err := p.Change(topo, 0); err != nil {
			t.Errorf("%s: the edges' delay of 8 ms does not count: %v", args, err)
		}
	}
}

// The rule holds for what classes and overrides say, and the place of the last that says it is told.
func TestJitterOfClassesAndOverrides(t *testing.T) {
	links := "    a: {}\n    b: {}\n  links:\n    - {name: l, class: c, endpoints: [a, b]"
	for name, c := range map[string]struct{ text, want string }{
		"link": {links + ", jitter: 1ms}\n",
			"f:7:54: topology.links[0].jitter: the jitter of 1ms is larger than the delay of 0s"},
		"class": {links + ", delay: 1ms}\nclasses: {c: {jitter: 2ms}}\n", "topology.links[0]"},
		"class alone": {links + "}\nclasses: {c: {delay: 1ms, jitter: 2ms}}\n",
			"f:8:35: classes.c.jitter: the jitter of 2ms is larger than the delay of 1ms of l"},
		"override": {links + ", delay: 5ms, jitter: 2ms}\noverrides: {l: {delay: 1ms}}\n",
			"f:8:24: overrides.l.delay: the jitter of 2ms is larger than the delay of 1ms"},
		"both together":    {links + ", jitter: 2ms}\nclasses: {c: {delay: 2ms}}\n", ""},
		"override's delay": {links + ", jitter: 2ms}\noverrides: {l: {delay: 2ms}}\n", ""},
		"one direction":    {links + ", delay: {up: 2ms, down: 1ms}, jitter: 2ms}\n", "larger than the delay of 1ms"},
		"rtt":              {links + ", rtt: 3ms, jitter: 2ms}\n", "larger than the delay of 1.5ms"},
		"events, in order": {links + ", delay: 1ms}\nevents: [{at: 1s, link: l, set: {delay: 9ms}}, " +
			"{at: 2s, link: l, set: {jitter: 5ms}}]\n", ""},
		"one event": {links + ", delay: 1ms}\nevents: [{at: 1s, link: l, set: {jitter: 5ms, delay: 9ms}}]\n", ""},
		"one event, too low": {links + ", delay: 1ms}\nevents: [{at: 1s, link: l, set: {jitter: 5ms, delay: 4ms}}]\n",
			"l would have a jitter of 5ms, larger than its delay of 4ms"},
	} {
		_, err := scenario.Parse([]byte("name: x\ntopology:\n  nodes:\n"+c.text), "f", builtin.Catalogue())
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if err != nil && strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: more than one error: %v", name, err)
		}
	}
	const drawn = "name: x\ntopology: {synth: iiot}\nclasses: {wlan: {jitter: 500us}}\n"
	if _, err := scenario.Parse([]byte(drawn), "f", builtin.Catalogue()); err != nil {
		t.Errorf("delays that were drawn do not count: %v", err)
	}
}
