package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/record"
)

// gave is a chain of one program, with the digests of its result and its state.
func gave(model string, index int, client, result, state string) record.Chain {
	return record.Chain{
		Tags: record.Tags{Model: model}, Index: index, Job: fmt.Sprintf("j%d", index), Client: client,
		Programs: []record.Program{{Function: "f", Digest: result}}, StateDigests: []string{state},
	}
}

func superseded(c record.Chain) record.Chain {
	c.Superseded = true
	return c
}

func failed(c record.Chain) record.Chain {
	c.Error, c.Programs, c.StateDigests = "it failed", nil, nil
	return c
}

func TestAgreement(t *testing.T) {
	for name, c := range map[string]struct {
		lasting bool
		chains  []record.Chain
		want    string // compared, differing, left out
		says    string
	}{
		"equal": {chains: []record.Chain{gave("a", 0, "x", "1", "2"), gave("a", 1, "x", "3", "4"),
			gave("b", 0, "x", "1", "2"), gave("b", 1, "x", "3", "4")}, want: "2 0 0",
			says: "in the 2 jobs compared"},
		"another result": {chains: []record.Chain{gave("b", 0, "x", "1", "2"), gave("a", 0, "x", "9", "2"),
			gave("c", 0, "x", "1", "2")}, want: "1 1 0",
			says: "  j0: result of task 0 (f): 1 under b, c; 9 under a"},
		"another state": {chains: []record.Chain{gave("a", 0, "x", "1", "2"), gave("b", 0, "x", "1", "2+3")}, want: "1 1 0",
			says: "  j0: state 0: 2 under a; 2+3 under b"},
		"one model": {chains: []record.Chain{gave("a", 0, "x", "1", "2")}, want: "0 0 0"},
		"failed":    {chains: []record.Chain{gave("a", 0, "x", "1", "2"), failed(gave("b", 0, "x", "", ""))}, want: "0 0 1"},
		"repeated, alone": {chains: []record.Chain{gave("a", 0, "x", "1", "2"), superseded(gave("b", 0, "x", "7", "7")),
			gave("b", 0, "x", "1", "2")}, want: "1 0 0"},
		"repeated, and what follows": {lasting: true, chains: []record.Chain{
			gave("a", 0, "x", "1", "1"), gave("a", 1, "x", "2", "2"), gave("a", 2, "y", "1", "1"),
			superseded(gave("b", 0, "x", "1", "1")), gave("b", 0, "x", "2", "2"), gave("b", 1, "x", "3", "3"),
			gave("b", 2, "y", "1", "1")}, want: "1 0 2", says: "2 not compared"},
	} {
		a := &agreement{lasting: c.lasting, alone: true,
			jobs: map[int]*given{}, spoiled: map[stream]bool{}, left: map[int]bool{}}
		for _, chain := range c.chains {
			if err := a.Write(chain, nil); err != nil {
				t.Fatal(err)
			}
		}
		v := a.verdict()
		if got := fmt.Sprint(v.Compared, v.Differing, v.LeftOut); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
		if lines := v.Lines(); !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, c.says) }) &&
			c.says != "" {
			t.Errorf("%s: %q, not %q", name, lines, c.says)
		}
	}
	var none *agreement
	if none.verdict() != nil || len(none.verdict().Lines()) > 0 || len(none.beside(nil, &agreement{})) != 1 {
		t.Error("a run without programs says something of their results")
	}
}
