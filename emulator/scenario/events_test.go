package scenario_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

// TestEvents holds the spellings of events, the short ones as well, against what is read and printed.
func TestEvents(t *testing.T) {
	file := good + `events:
  - {at: 30s, link: a-s, set: {rate: 10Mbps, rtt: 4ms, loss: 1%}}
  - {at: 35s, link: [a-s, b-s], reset}
  - {at: 40s, node: s, down}
  - {at: 41s, node: [s, cloud, b], up: true}
  - {from: 60s, to: 70s, partition: [[a, b], [cloud]]}
  - {from: 60s, to: 70s, partition: [a, cloud]}
  - {from: 80s, to: 100s, link: cloud_up, flap: {period: 2s, down: 500ms}}
  - at: 0s
    link: a-s
    down:
`
	s, err := scenario.Parse([]byte(file), "f", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if err := bySchema(compileSchema(t), file); err != nil {
		t.Error(err)
	}
	roundTrip(t, s)
	e := s.Events
	if !e[1].Reset || len(e[1].Link) != 2 || !e[2].Down || e[2].Node[0] != "s" || !e[3].Up || !e[7].Down {
		t.Errorf("marks or names are missing: %+v", e)
	}
	set := e[0].Set
	if *set.Delay.Up != 2*time.Millisecond || set.RTT != nil || *set.Loss.Down != 0.01 || set.Jitter != nil {
		t.Errorf("set %+v", set)
	}
	if d := cmp.Diff([][]string{{"a", "b"}, {"cloud"}}, e[4].Partition); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([][]string{{"a", "cloud"}}, e[5].Partition); d != "" {
		t.Error(d)
	}
	if e[6].Flap.Period != 2*time.Second || !e[6].Window() || e[6].Begin() != 80*time.Second || e[7].Window() {
		t.Errorf("%+v %+v", e[6], e[7])
	}
	printed, err := s.Resolved()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"reset: true", "node: s\n", "link: [a-s, b-s]", "partition: [[a, b], [cloud]]", "partition: [a, cloud]",
	} {
		if !strings.Contains(string(printed), want) {
			t.Errorf("%q is not in\n%s", want, printed)
		}
	}
}

func TestEventErrors(t *testing.T) {
	for _, c := range []struct{ event, want string }{
		{"at: 1s, link: a_s, down", `f:12:20: events[0].link[0]: there is no link "a_s"; did you mean "a-s"?`},
		{"at: 1s, link: [a-s, s], down", `f:12:26: events[0].link[1]: s is a node, not a link; write node: s`},
		{"at: 1s, node: a-s, down", `a-s is a link, not a node; write link: a-s`},
		{"at: 1s, node: bb, down", `f:12:20: events[0].node[0]: there is no node "bb"; did you mean "b"?`},
		{"at: 1s, link: [a-s, a-s], down", `events[0].link[1]: a-s is listed twice`},
		{"at: 1s, from: 1s, to: 2s, link: a-s, down",
			`f:12:20: events[0].from: the time of the event (at or from) is given more than once; keep one of at, from`},
		{"from: 1s, link: a-s, down", `events[0].from: it has no meaning without to`},
		{"at: 1s, to: 3s, link: a-s, down", `events[0].to: it has no meaning without from`},
		{"from: 3s, to: 2s, link: a-s, down",
			`f:12:20: events[0].to: it ends at 2s, no later than it begins; write a time after 3s`},
		{"at: 1s, link: a-s",
			`f:12:5: events[0]: the action is missing; add one of set, reset, down, up, partition, flap, migrate`},
		{"at: 1s, link: a-s, down, up", `events[0].up: the action is given more than once; keep one of down, up`},
		{"at: 1s, link: a-s, down: false",
			`events[0].down: "false" says nothing here; write it without a value, or remove it`},
		{"at: 1s, link: a-s, dwon", `unknown key "dwon"; did you mean "down"?`},
		{"at: 1s, node: s, set: {rate: 1Mbps}", `events[0].set: it has no meaning without link`},
		{"at: 1s, link: a-s, set: {rate: 10}", `events[0].set.rate: 10 has no unit`},
		{"at: 1s, link: a-s, set: {}", `events[0].set: it sets nothing`},
		{"at: 1s, link: a-s, set: {jitter: 2ms}",
			`events[0].set: a-s would have a jitter of 2ms, larger than its delay of 1ms`},
		{"at: 1s, link: cloud_up, set: {rate: {down: 1Mbps}}",
			`events[0].set.rate.down: a link of type uplink has one queue`},
		{"at: 1s, link: cloud_up, set: {rtt: 1ms}", `a link of type uplink has one direction; write delay`},
		{"from: 1s, to: 2s, link: a-s, up",
			`events[0].up: up ends nothing and has no meaning in a window; write at instead of from and to`},
		{"at: 1s, up", `events[0].up: it is not said what is to go up; add link or node`},
		{"from: 1s, to: 2s, link: a-s, flap: {period: 1s, down: 2s}",
			`events[0].flap.down: it is down for 2s of a period of 1s, and would never come up; write less than 1s`},
		{"at: 1s, link: a-s, flap: {period: 1s, down: 200ms}", `events[0].flap: it is not said when the flapping ends`},
		{"at: 1s, partition: [a, s]", `events[0].partition[0][1]: s is not a host`},
		{"at: 1s, partition: [a, b, cloud]", `events[0].partition: all hosts are in one group`},
		{"at: 1s, partition: [[a], [b, a]]", `events[0].partition[1][1]: a is listed twice`},
		{"at: 1s, migrate: {function: f, client: aa, to: b}",
			`f:12:45: events[0].migrate.client: there is no host with an agent of the name "aa"; did you mean "a"?`},
		{"at: 1s, migrate: {function: f, client: a, to: s}",
			`events[0].migrate.to: there is no host with an agent of the name "s"`},
		{"at: 1s, migrate: {function: f, client: a, to: b, method: precopy}", `did you mean "pre-copy"?`},
		{"at: 1s, migrate: {function: f, client: a, to: b, rounds: 3}", `events[0].migrate.rounds: it has no meaning`},
		{"at: 1s, migrate: {function: f, client: a}", `events[0].migrate: the key "to" is missing`},
		{"from: 1s, to: 2s, migrate: {function: f, client: a, to: b}", `events[0].migrate: it has no meaning without at`},
		{"at: 1s, link: a-s, migrate: {function: f, client: a, to: b}",
			`events[0].migrate: a move happens to no link or node; remove link or node`},
		{"at: 1s, node: a, partition: [a]", `events[0].node: a partition happens to no single link or node`},
	} {
		refusedEvent(t, c.event, c.want)
	}
}

// TestDrainErrors: what is wrong with a drain.
func TestDrainErrors(t *testing.T) {
	for _, c := range []struct{ event, want string }{
		{"at: 1s, node: a, drain: 1s, up", `events[0].drain: a node is drained before it goes down, and this one does not`},
		{"at: 1s, link: a-s, down, drain: 1s", `events[0].drain: it has no meaning without node`},
		{"at: 1s, node: a, down, drain: 1500ms", `events[0].drain.within: it would begin 500ms before the model's chains; ` +
			`write at most 1s, or let the node go down later`},
		{"at: 1s, node: s, down, drain: 1s", `events[0].drain: s is no host with an agent, and has no instances; remove it`},
		{"at: 1s, node: a, down, drain: {within: 1s, to: bb}",
			`events[0].drain.to[0]: there is no host with an agent of the name "bb"; did you mean "b"?`},
		{"at: 1s, node: a, down, drain: {to: b}", `events[0].drain: the key "within" is missing`},
	} {
		refusedEvent(t, c.event, c.want)
	}
}

func refusedEvent(t *testing.T, event, want string) {
	t.Run(event, func(t *testing.T) {
		_, err := scenario.Parse([]byte(good+"events:\n  - {"+event+"}\n"), "f", builtin.Catalogue())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("one slip gives\n%v", err)
		}
	})
}

// TestSecretsAreNotRepeated: what may be a token is never part of an error, and never printed.
func TestSecretsAreNotRepeated(t *testing.T) {
	for _, c := range []struct{ influx, want string }{
		{"{token: sEcReT}", `f:11:10: influx.token: the key "token" is not allowed here; ` +
			`remove it: tokens do not belong in files; set the variable INFLUX_TOKEN`},
		{"{password: sEcReT}", "INFLUX_TOKEN"},
		{"{token-env: sEcReT==}", "name of the environment variable"},
		{"{token-env: AWS_SECRET_ACCESS_KEY}",
			"a file does not choose which variable is sent; the flag --influx-token-env does"},
		{"{token-env: 12345678}", "name of the environment variable"},
		{"{url: 'http://me:sEcReT@host:8086'}", "influx.url: the address holds a user or a password"},
		{"{url: 'http://h/?token=sEcReT'}", "influx.url: the address holds a query"},
		{"{url: 'http://sEcReT:8x'}", "this is not the address of a server"},
		{"{url: 12345678}", "the value is not a text"},
		{"sEcReT", "where a mapping belongs"},
	} {
		_, err := scenario.Parse([]byte(good+"influx: "+c.influx+"\n"), "f", builtin.Catalogue())
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
			t.Errorf("%s: got %v, want %s", c.influx, err, c.want)
		} else if strings.Contains(err.Error(), "sEcReT") || strings.Contains(err.Error(), "12345678") {
			t.Errorf("the secret is repeated: %v", err)
		}
	}
	s, err := scenario.Parse([]byte(good+"influx: {url: 'https://host/path', required: true}\n"), "f", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if x := s.Influx; x.URL != "https://host/path" || !x.Required || x.TokenEnv != "INFLUX_TOKEN" || x.Org != "" {
		t.Errorf("%+v", x)
	}
	roundTrip(t, s)
	s, err = scenario.Parse([]byte(good), "f", builtin.Catalogue())
	if err != nil || s.Influx != nil || s.Resources != "none" {
		t.Errorf("defaults: %+v %v", s.Influx, err)
	}
}
