package resolved

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

// What is found once a scenario is worked out says where it stands in the file, and what to do about it, as all else.
func TestFaultsHavePlaces(t *testing.T) {
	const base = `name: x
topology:
  nodes: {a: {cpu: 1, memory: 1GiB}, b: {cpu: 1, memory: 1GiB}, c: {cpu: 1, memory: 1GiB}, s: {kind: switch},
    r: {kind: switch}}
  links: [{endpoints: [a, s], delay: 5ms}, {endpoints: [b, s]}, {endpoints: [c, s]}, {endpoints: [s, r]},
    {endpoints: [c, r]}]
models: [in-function, in-edge]
placement: {hosts: [b]}
workload: {jobs: [{name: j, client: a, states: {s: 1kB}, tasks: {f: {ops: 1, states: s}}}]}
`
	type texts = []string
	for name, c := range map[string]struct {
		keys    string
		events  texts
		want    texts
		replace texts
	}{
		"jitter in two events": {"", texts{"at: 1s, link: a-s, set: {jitter: 4ms}", "at: 2s, link: a-s, set: {delay: 3ms}"},
			texts{"12:25: events[1].set: from 2s on"}, nil},
		"delay that ends": {"", texts{"from: 0s, to: 5s, link: a-s, set: {delay: 9ms}", "at: 1s, link: a-s, set: {jitter: 8ms}",
			"from: 2s, to: 3s, link: a-s, set: {rate: 1Mbps}"}, texts{"12:25: events[1].set: from 5s on"}, nil},
		"jitter that stays": {"", texts{"at: 0s, link: a-s, set: {delay: 9ms}", "at: 1s, link: a-s, set: {jitter: 8ms}",
			"at: 2s, link: a-s, set: {loss: 1%}", "at: 3s, link: a-s, set: {delay: 4ms}"},
			texts{"14:25: events[3].set: from 3s on"}, nil},
		"attached by what is not its": {"", texts{"at: 1s, attach: {host: a, to: r, link: b-s}"},
			texts{"11:14: events[0].attach: a is not attached by a link \"b-s\"; its links are a-s"}, nil},
		"attached by several": {"", texts{"at: 1s, attach: {host: c, to: r}", "at: 2s, attach: {host: b, to: r, link: a-s}"},
			texts{"11:14: events[0].attach: c is attached by 2 links", "12:14: events[1].attach: b is not"}, nil},
		"moved client without a state": {"", texts{"at: 1s, migrate: {function: f, client: b, to: c}"},
			texts{"11:45: events[0].migrate.client: no function"}, nil},
		"moved from elsewhere": {"", texts{"at: 1s, migrate: {function: f, client: a, from: c, to: a}"},
			texts{"11:54: events[0].migrate.from: function f"}, nil},
		"drained into nothing": {"", texts{"at: 9s, node: b, down, drain: 1s"},
			texts{"11:36: events[0].drain: there is no host"}, nil},
		"replicas": {"state: {repositories: [a, b], replication: 3}\n", nil,
			texts{"10:44: state.replication: 2 repositories cannot"}, nil},
		"rearranged": {"replay: {arrival: isolated}\n", texts{"at: 1s, migrate: {function: f, client: a, to: c}"},
			texts{"12:5: events[0]: where a function moves"}, nil},
		"states that outlive jobs": {"", nil, texts{"7:10: models[0]: model state-propagate"}, texts{
			"in-function, in-edge", "state-propagate", "states: {s: 1kB}, tasks", "tasks", "{jobs", "{states: {s: 1kB}, jobs"}},
	} {
		text := strings.NewReplacer(c.replace...).Replace(base) + c.keys
		for i, e := range c.events {
			if i == 0 {
				text += "events:\n"
			}
			text += "  - {" + e + "}\n"
		}
		s, err := scenario.Parse([]byte(text), "f", builtin.Catalogue())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		e, err := Prepare(s)
		for i := 0; err == nil && i < len(e.Models); i++ {
			_, err = e.Chains(e.Models[i])
		}
		var list scenario.Errors
		if !errors.As(err, &list) || len(list) != len(c.want) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, one := range list {
			if got := fmt.Sprint(one); !strings.HasPrefix(got, "f:"+c.want[i]) || !strings.Contains(got, "; ") {
				t.Errorf("%s: %s, want %s", name, got, c.want[i])
			}
		}
	}
}

// A value that a flag has set stands at the flag.
func TestFaultsOfSettings(t *testing.T) {
	const text = `{name: x, topology: {nodes: {a: {}, b: {}}, links: [{endpoints: [a, b]}]}, models: [in-edge],
state: {repositories: [a, b]}, workload: {jobs: [{name: j, client: a, tasks: {f: {ops: 1}}}]}}`
	s, _, err := scenario.Adapt([]byte(text), "f", builtin.Catalogue(),
		scenario.Setting{Key: "state.replication", Value: "3", From: "--set"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare(s); err == nil || !strings.HasPrefix(err.Error(), "--set: state.replication: 2 repositories") {
		t.Error(err)
	}
}
