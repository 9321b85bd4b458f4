package scenario_test

import (
	"errors"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
	"testbed/emulator/scenario/scenariotest"
)

const good = `name: lab
topology:
  nodes:
    a: {class: pi}
    b: {class: pi}
    s: {kind: switch}
  links:
    - {endpoints: [a, s], rate: 10Mbps, delay: 1ms}
    - {endpoints: [b, s], rate: 10Mbps, rtt: 2ms, class: lan}
cloud: {at: s}
`

// change is the good file with one thing in it replaced.
func change(old, new string) string {
	if strings.Count(good, old) != 1 {
		panic(old + " is not in the file once")
	}
	return strings.Replace(good, old, new, 1)
}

// slips are files with one error each.
var slips = []struct{ name, file, want string }{
	{"unknown key", change("class: lan", "clss: lan"),
		`f:9:51: topology.links[1]: unknown key "clss"; did you mean "class"?`},
	{"unknown section", good + "work_load: {}\n", `f:11:1: unknown key "work_load"; did you mean "workload"?`},
	{"far key", good + "zzzzzz: {}\n", `f:11:1: unknown key "zzzzzz"; write one of`},
	{"no unit", change("10Mbps, delay", "10, delay"),
		`f:8:33: topology.links[0].rate: 10 has no unit; write a rate such as 50Mbps`},
	{"bytes a second", change("10Mbps, delay", "10MBps, delay"), `is not a rate; bytes per second are not accepted`},
	{"negative rate", change("10Mbps, delay", "-10Mbps, delay"),
		`f:8:33: topology.links[0].rate: -10Mbps is negative; write a rate`},
	{"zero rate", change("10Mbps, delay", "0Mbps, delay"), `0Mbps is too small; write at least 1bps`},
	{"huge rate", change("10Mbps, delay", "10000Tbps, delay"), `is too large; write at most 1Tbps`},
	{"absurd rate", change("10Mbps, delay", strings.Repeat("9", 400)+"bps, delay"), `topology.links[0].rate: `},
	{"time for rate", change("10Mbps, delay", "10ms, delay"), `"10ms" is not a rate; write a rate such as 50Mbps`},
	{"delay and rtt", change("rtt: 2ms", "rtt: 2ms, delay: 1ms"),
		`f:9:58: topology.links[1].delay: the delay (delay or rtt) is given more than once; keep one of delay, rtt`},
	{"huge delay", change("1ms", "300h"), `300h is too large; write at most 1h0m0s`},
	{"jitter above delay", change("1ms", "1ms, jitter: 2ms"),
		`topology.links[0].jitter: the jitter of 2ms is larger than the delay of 1ms`},
	{"loss in percent", change("1ms", "1ms, loss: 2"), `2 is too large; write at most 0.99`},
	{"loss not a number", change("1ms", "1ms, loss: .nan"), `.nan `},
	{"loss infinite", change("1ms", "1ms, loss: .inf"), `.inf `},
	{"tiny queue", change("1ms", "1ms, queue: 100B"), `100B is too small; write at least 1514B`},
	{"queue in bits", change("1ms", "1ms, queue: 10Mbit"), `bits are not accepted`},
	{"two sources", change("  nodes:", "  synth: iiot\n  nodes:"),
		`the source of the topology is given more than once; keep one of synth, nodes`},
	{"no source", "name: x\ntopology: {}\n",
		`f:2:1: topology: the source of the topology is missing; add one of synth, ether, import, nodes`},
	{"no topology", "name: x\n", `f:1:1: the key "topology" is missing`},
	{"links alone", "name: x\ntopology:\n  synth: iiot\n  links: [{endpoints: [a, b]}]\n",
		`f:4:10: topology.links: it has no meaning without nodes`},
	{"latencies of nodes", change("  links:", "  latencies: none\n  links:"),
		`f:7:14: topology.latencies: the delays of nodes and links that are written out are not drawn`},
	{"unknown endpoint", change("[a, s]", "[a, ss]"),
		`f:8:23: topology.links[0].endpoints[1]: there is no node "ss"; did you mean "s"?`},
	{"interface", change("[a, s]", "[a, 's:eth1']"), `interfaces are not named here, write s`},
	{"endpoint twice", change("[a, s]", "[s, s]"), `the node s is an endpoint twice`},
	{"three endpoints", change("[a, s]", "[a, s, b]"),
		`a link of type duplex has 3 endpoints; write two, or type: shared`},
	{"one endpoint", change("[a, s]", "[a]"), `there is 1 element; write at least 2`},
	{"up of a medium", change("[a, s], rate: 10Mbps", "[a, s], type: shared, rate: {up: 1Mbps}"),
		`.rate.up: a link of type shared has one queue; write one value`},
	{"rtt of an uplink", change("rtt: 2ms", "type: uplink, rtt: 2ms"),
		`.rtt: a link of type uplink has one direction; write delay`},
	{"link name taken", change("{endpoints: [b, s]", "{name: a-s, endpoints: [b, s]"),
		`topology.links[1].name: the name "a-s" is taken`},
	{"disconnected", change("{endpoints: [b, s]", "{name: other, endpoints: [a, s]"),
		`f:5:5: topology.nodes.b: the network is disconnected: there is no path from a to b`},
	{"through a host", change("[b, s]", "[b, a]"), `the network is disconnected`},
	{"one way only", change("{endpoints: [b, s]", "{type: downlink, endpoints: [b, s]"), `.rtt: a link of type downlink`},
	{"node property", change("s: {kind: switch}", "s: {kind: switch, cpu: 4}"),
		`f:6:28: topology.nodes.s.cpu: it has no meaning with kind: switch; remove it, or write kind: host`},
	{"names in two cases", change("b: {class: pi}", "A: {class: pi}"), `the name differs from a in case only`},
	{"cloud at nothing", change("cloud: {at: s}", "cloud: {at: sw}"),
		`f:10:13: cloud.at: there is no switch or exchange "sw"; did you mean "s"?`},
	{"cloud at a host", change("cloud: {at: s}", "cloud: {at: a}"), `cloud.at: there is no switch or exchange "a"`},
	{"unknown link", good + "overrides: {a_s: {rate: 1Mbps}}\n",
		`f:11:13: overrides.a_s: there is no link "a_s"; did you mean "a-s"?`},
	{"unknown class", good + "classes: {lam: {rate: 1Mbps}}\n",
		`f:11:11: classes.lam: no link is of the class "lam"; did you mean "lan"?`},
	{"unknown client", good + "workload: {clients: [pie]}\n",
		`f:11:22: workload.clients[0]: there is no host of the name, model or class "pie"; did you mean "pi"?`},
	{"unknown executor", good + "placement: {hosts: [pi, pie]}\n",
		`f:11:25: placement.hosts[1]: there is no host of the name, model or class "pie"; did you mean "pi"?`},
	{"executor twice", good + "placement: {hosts: [pi, pi]}\n", `f:11:25: placement.hosts[1]: "pi" is listed twice`},
	{"no executor", good + "placement: {hosts: []}\n", `placement.hosts`},
	{"nobody's access", good + "state-access: clint\n", `did you mean "client"?`},
	{"no chains", good + "replay: {chains: 0}\n", `replay.chains`},
	{"client of synth", "name: x\ntopology: {synth: iiot}\nworkload: {clients: [rpi3b]}\n", `did you mean "rpi3b+"?`},
	{"unknown model", good + "models: [in-egde]\n", `f:11:10: models[0]: "in-egde" is unknown; did you mean "in-edge"?`},
	{"model twice", good + "models: [in-edge, in-edge]\n", `f:11:19: models[1]: "in-edge" is listed twice`},
	{"external without cloud", strings.Replace(good, "cloud: {at: s}\n", "models: [external]\n", 1),
		`the model external keeps state in the cloud, and there is none`},
	{"rate of sequential", good + "replay: {arrival: {kind: sequential, rate: 5/s}}\n",
		`f:11:44: replay.arrival.rate: it has no meaning with kind: sequential; remove it, or write kind: poisson`},
	{"in-client chained", good + "orchestration: chained\nmodels: [in-edge, in-client]\n",
		`f:12:19: models[1]: model in-client: its workers cannot call each other`},
	{"chained, by the client", good + "orchestration: chained\nstate-access: client\n",
		`f:11:16: orchestration: where workers`},
	{"boolean", good + "replay: {warmup: yes}\n", `"yes" is not true or false`},
	{"no value", good + "replay:\n", `f:11:8: replay: there is no value; give it a value or remove the key`},
	{"fraction of jobs", good + "workload: {jobs: 2.5}\n",
		`"2.5" is not a whole number; write a whole number from 1 to 1000000`},
	{"more than the pool", good + "workload: {jobs: 20, synth: {kind: spar, jobs: 10}}\n",
		`20 jobs cannot be drawn from the 10 synthesized`},
	{"number for a name", "name: 12\ntopology: {synth: iiot}\n", `f:1:7: name: "12" is not a text; put it in quotes`},
	{"capital name", "name: Lab\ntopology: {synth: iiot}\n", `f:1:7: name: "Lab" is not a valid name`},
	{"key twice", good + "name: other\n", `f:11:1: name: the key "name" is given twice; remove it here or in line 1`},
	{"list for section", good + "tcp: [cubic]\n", `f:11:6: tcp: a list where a mapping belongs`},
	{"wrong synth", "name: x\ntopology: {synth: iot}\n",
		`f:2:19: topology.synth: "iot" is unknown; did you mean "iiot"?`},
	{"parameter of the other", "name: x\ntopology: {synth: {kind: iiot, neighbourhoods: 2}}\n",
		`it has no meaning with kind: iiot`},
	{"too many hosts", "name: x\ntopology: {synth: {kind: iiot, premises: 1000}}\n",
		`the topology would have more than 5000 hosts`},
	{"no Pis", "name: x\ntopology: {synth: {kind: urban-sensing, pis: 0}}\n",
		`f:2:46: topology.synth.pis: a sensor box has no Pi; write at least 1`},
	{"no hosts at all", "name: x\ntopology: {synth: {kind: iiot, pis: 0, nucs: 0, tx2s: 0, racks: 0}}\n",
		`f:2:1: topology: `},
	{"AtSecond", "name: x\ntopology: {synth: {kind: iiot, premises: 2, at-second-exchange: 3}}\n",
		`there are 2 premises only`},
	{"distribution of none", "name: x\ntopology: {synth: iiot, latencies: {kind: none, lan: {s: 1}}}\n",
		`topology.latencies.lan: it has no meaning with kind: none`},
	{"empty", "", `f:1:1: the file is empty`},
	{"comment only", "# nothing\n", `f:1:1: the file is empty`},
	{"scalar", "hello\n", `f:1:1: "hello" where a mapping belongs`},
	{"two documents", good + "---\nname: b\n", `f:11:1: a second document begins here`},
	{"tab", "name: x\ntopology:\n\tsynth: iiot\n", `f:3:1: a tab cannot indent YAML; indent with spaces`},
	{"not YAML", "name: x\ntopology: {synth: iiot\ncloud: {}\n", `this is not YAML`},
	{"not UTF-8", "name: \xff\n", `f:1:7: the byte 0xff is not UTF-8`},
	{"control character", "name: x\ndescription: \"a\x01\"\n", `f:2:16: there is a control character (0x01)`},
	{"too large", strings.Repeat("# aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 320000),
		`larger than 16777216 bytes`},
	{"itself", "name: x\ntopology: &t {synth: *t}\n", `f:2:`},
	{"unknown anchor", "name: x\ntopology: *t\n", `f:2:`},
}

// TestErrors holds position, message and remedy of one error each against what is expected.
func TestErrors(t *testing.T) {
	for _, c := range slips {
		t.Run(c.name, func(t *testing.T) {
			_, err := scenario.Parse([]byte(c.file), "f", builtin.Catalogue())
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got\n%v\nwant\n%s", err, c.want)
			}
			var all scenario.Errors
			if !errors.As(err, &all) {
				t.Fatalf("%T is not Errors", err)
			}
			for _, e := range all {
				if e.Line < 1 || e.Column < 1 || e.Message == "" || e.Remedy == "" {
					t.Errorf("incomplete: %+v", e)
				}
			}
		})
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	file := strings.NewReplacer("delay: 1ms", "delay: 1", "class: lan", "clss: lan", "[a, s]", "[c, s]").Replace(good) +
		"models: [nowhere]\nworkload: {clients: [nobody], jobs: 0}\nreplay: {timeout: -1s}\n"
	_, err := scenario.Parse([]byte(file), "f", builtin.Catalogue())
	var all scenario.Errors
	if !errors.As(err, &all) {
		t.Fatal(err)
	}
	want := []int{8, 8, 9, 11, 12, 12, 13}
	if len(all) != len(want) {
		t.Fatalf("%d errors, want %d:\n%v", len(all), len(want), err)
	}
	for i, e := range all {
		if e.Line != want[i] {
			t.Errorf("error %d is in line %d, want %d: %v", i, e.Line, want[i], e)
		}
	}
}

func TestAliasesAndMergeKeys(t *testing.T) {
	s, err := scenario.Parse([]byte(`name: lab
topology:
  nodes: {a: &pi {class: pi, cpu: 2}, b: *pi, c: {<<: *pi, cpu: 4}, s: {kind: switch}}
  links:
    - &line {endpoints: [a, s], rate: 10Mbps, delay: 1ms}
    - {<<: *line, endpoints: [b, s]}
    - {<<: [*line, {loss: 1%}], endpoints: [c, s]}
`), "f", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	spec := s.File.Topology
	nodes := spec.Nodes
	if got := nodes[2]; got.Class != "pi" || got.CPU != 4000 || nodes[1].CPU != 2000 || nodes[1].Name != "b" {
		t.Errorf("nodes %+v", spec.Nodes)
	}
	l := spec.Links[2]
	if *l.Rate.Up != 10e6 || *l.Loss.Down != 0.01 || l.Endpoints[0] != "c" || spec.Links[1].Loss != nil {
		t.Errorf("link %+v", l)
	}
}

func TestAliasBomb(t *testing.T) {
	bomb := "name: x\ntopology:\n  synth: iiot\nmodels:\n  - &a0 [in-edge, in-edge]\n"
	for i := 1; i < 30; i++ {
		p := string(rune('a' + (i-1)/10))
		q := string(rune('a' + i/10))
		bomb += "  - &" + q + string(rune('0'+i%10)) + " [" + strings.Repeat("*"+p+string(rune('0'+(i-1)%10))+", ", 9) + "]\n"
	}
	for _, file := range []string{
		bomb, strings.ReplaceAll(bomb, "models:", "classes:"),
		"a: &a {b: 1}\n" + strings.Repeat("x: {<<: [*a, *a, *a]}\n", 100),
		"name: x\ntopology: " + strings.Repeat("[", 5000) + "\n",
		"name: x\ntopology: {nodes: " + strings.Repeat("{a: ", 3000),
	} {
		if _, err := scenario.Parse([]byte(file), "f", builtin.Catalogue()); err == nil {
			t.Error("accepted")
		}
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"swap", "anme: x\ntopology: {synth: iiot}\n", `did you mean "name"?`},
		{"case", "name: x\nTopology: {synth: iiot}\n", `did you mean "topology"?`},
		{"underscore", "name: x\ntopology: {synth: iiot}\nworkload: {ops_factor: 1}\n", `did you mean "ops-factor"?`},
		{"prefix", "name: x\ntopology: {synth: iiot}\ntcp: {slow-start: false}\n", `did you mean "slow-start-after-idle"?`},
		{"no class", "name: x\ntopology: {nodes: {ab: {}, cd: {}}, links: [{endpoints: [ab, cd]}]}\nmodels: [in-client]\n" +
			"machines: {quite: lab}\n", "write one of ab, cd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := scenario.Parse([]byte(c.file), "f", builtin.Catalogue())
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one error that says %s", err, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(scenariotest.Good))
	f.Add([]byte(factory + figure))
	f.Add([]byte("name: x\ntopology: {synth: {kind: urban-sensing, sizes: [1, 2]}, latencies: none}\n" +
		"replay: {arrival: {kind: poisson, rate: 30/min}}\n"))
	f.Add([]byte("name: x\ntopology: {nodes: {a: &a {class: p}, b: {<<: *a}}, " +
		"links: [{endpoints: [a, b], loss: 1%, queue: 64KiB}]}\n"))
	f.Add([]byte(good + "events: [{at: 1s, link: a-s, reset}, {from: 1s, to: 2s, partition: [a, b]}, " +
		"{at: 0s, node: [s], down: true}]\nimages: {pi: {image: x}}\ninflux: {org: x}\n"))
	f.Add([]byte("name: x\ntopology: &t [*t]\n? {a: b}\n: c\n<<: *t\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := scenario.Parse(data, "f", builtin.Catalogue())
		if err != nil {
			var all scenario.Errors
			if !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("%T without errors", err)
			}
			for _, e := range all {
				if e.Line < 1 || e.Column < 1 {
					t.Fatalf("no position: %+v", e)
				}
			}
			return
		}
		roundTrip(t, s)
	})
}

// TestMissingKeyIsBrief: what a key is that is missing is said in one sentence, and the error ends there.
func TestMissingKeyIsBrief(t *testing.T) {
	_, err := scenario.Parse([]byte(change("endpoints: [a, s], ", "")), "f", builtin.Catalogue())
	const want = `topology.links[0]: the key "endpoints" is missing; add it: Names of the nodes that the link connects: ` +
		"two, or any number for a shared medium"
	if err == nil || !strings.HasSuffix(strings.Split(err.Error(), "\n")[0], want) {
		t.Errorf("%v\ndoes not end with\n%s", err, want)
	}
}
