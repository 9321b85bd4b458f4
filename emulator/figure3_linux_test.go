package emulator_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"testbed/emulator"
	"testbed/emulator/plan"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
)

// onTheWire are the messages of figure 3 in each model, with the sizes of scenarios/figure3.yaml: the client is C, f1,
// f2 and f3 are at W1, W2 and W3, the repository is R. Bodies in bytes.
var onTheWire = map[string]string{
	"external": `C>W1 10000, W1>R GET, R>W1 500000, W1>R 500000, R>W1 accepted, W1>C 60000,
		C>W2 40000, W2>R GET, R>W2 500000, W2>R 500000, R>W2 accepted, W2>C 30000, C>W3 50000, W3>C 5000`,
	"in-function":     "C>W1 10000, W1>C 60000, C>W2 40000, W2>C 30000, C>W3 50000, W3>C 5000",
	"in-client":       "C>W1 510000, W1>C 560000, C>W2 540000, W2>C 530000, C>W3 50000, W3>C 5000",
	"pure-faas":       "C>W1 510000, W1>C 560000, C>W2 540000, W2>C 530000, C>W3 550000, W3>C 505000",
	"state-propagate": "C>W1 510000, W1>W2 540000, W2>W3 550000, W3>C 505000",
	"state-local": `C>W1 10000, W1>C GET, C>W1 500000, W1>W2 40000, W2>W1 GET, W1>W2 500000, W2>W3 50000,
		W3>C 5000`,
}

// TestFigure3OnTheWire: what packets carry between the nodes is the study's figure 3, message by message and to the
// byte.
func TestFigure3OnTheWire(t *testing.T) {
	w := newReal(t)
	name, dir := fmt.Sprintf("fig3-%d", os.Getpid()), t.TempDir()
	e := figure3(t, name, dir)
	bed, err := w.of.Up(t.Context(), e, emulator.UpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.of.Remove(context.Background(), name, true, nil); err != nil {
			t.Error(err)
		}
	}()
	c := &capture{streams: map[flow]*stream{}}
	for _, host := range []string{"client", "worker1", "worker2", "worker3", "cloud"} {
		node, err := bed.Node(host)
		if err != nil {
			t.Fatal(err)
		}
		c.in(t, node.NetNS)
	}
	outcome, err := bed.Run(t.Context(), run.Config{Results: dir})
	if err != nil || outcome.Failures() > 0 {
		t.Fatalf("%v, %q", err, outcome.Summary.Errors)
	}
	messages := c.end(t)
	for _, m := range e.Models {
		plans, err := e.Chains(m)
		if err != nil {
			t.Fatal(err)
		}
		letters, repository := map[netip.Addr]string{}, e.Sites.Cloud
		if m == plan.InEdge {
			repository = e.Sites.Central
		}
		letters[bed.Address(repository)] = "R"
		letters[bed.Address(plans[0].Client)] = "C"
		for _, inv := range plans[0].Invocations {
			letters[bed.Address(inv.Worker)] = fmt.Sprintf("W%d", inv.Task+1)
		}
		if len(letters) < 4 {
			t.Fatalf("%s: functions share nodes: %v", m, letters)
		}
		got := said(messages, "/"+string(m)+"/", letters)
		want, known := onTheWire[string(m)]
		if !known { // in-edge: the repository is a worker or the client, which needs no message to itself
			want = without(onTheWire["external"], "R", letters[bed.Address(repository)])
		}
		if want = strings.Join(strings.Fields(want), " "); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", m, got, want)
		}
	}
}

// figure3 is scenarios/figure3.yaml under another name, with one job and all models.
func figure3(t *testing.T, name, dir string) *resolved.Scenario {
	t.Helper()
	all := []string{"in-edge"}
	for model := range onTheWire {
		all = append(all, model)
	}
	text, err := os.ReadFile("../scenarios/figure3.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{
		"name": name, "      count": "1", "models": "[" + strings.Join(all, ", ") + "]",
	} {
		line := regexp.MustCompile("(?m)^" + key + ": .*$")
		if !line.Match(text) {
			t.Fatalf("the scenario has no %s", key)
		}
		text = line.ReplaceAll(text, []byte(key+": "+value))
	}
	return loaded(t, dir, string(text)+"\nruntime: process\nfabric: userspace\n")
}

// said are the messages of a chain's first attempt whose key contains a text, as onTheWire writes them.
func said(all []message, key string, letters map[netip.Addr]string) string {
	var words []string
	for _, m := range all {
		if !strings.Contains(m.key, key) || strings.Contains(m.key, "/attempt-") {
			continue
		}
		if m.path == "/next" && m.answer && m.body == 0 {
			continue // it says that the message is there, and nobody waits for it
		}
		what := fmt.Sprint(m.body)
		switch {
		case m.method == "GET" && !m.answer:
			what = "GET"
		case m.method == "PUT" && m.answer:
			what = "accepted"
		}
		words = append(words, letters[m.from]+">"+letters[m.to]+" "+what)
	}
	return strings.Join(words, ", ")
}

// without gives messages another repository, and leaves out those that it would send to itself.
func without(messages, letter, at string) string {
	var kept []string
	for m := range strings.SplitSeq(messages, ",") {
		way, what, _ := strings.Cut(strings.TrimSpace(m), " ")
		from, to, _ := strings.Cut(strings.ReplaceAll(way, letter, at), ">")
		if from != to {
			kept = append(kept, from+">"+to+" "+what)
		}
	}
	return strings.Join(kept, ", ")
}
