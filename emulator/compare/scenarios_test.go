package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// described is a run whose scenario differs in the workload's keys given.
func described(t *testing.T, name string, m []Chain, workload, rate string) *Run {
	t.Helper()
	r := runOf(t, name, 1, m, nil)
	r.Scenario = name
	r.Describe(json.RawMessage(`{"topology":{"links":[{"name":"uplink","rate":"`+rate+`","endpoints":["a","b"]}]},`+
		`"workload":{"synth":{"jobs":200,"seed":1}`+workload+`},"models":["external","in-edge"]}`),
		map[string]string{"workload.trace": "ab"})
	return r
}

// Runs of other loads have other jobs at an index: those that both have are paired, by their names and lengths.
func TestJobsAreTheSameWhereverTheirSourceIs(t *testing.T) {
	m, _ := base(40)
	for i := range m {
		m[i].Job = fmt.Sprint("j_", m[i].Index)
	}
	more := slower(m, 0.1, 0)
	for i := range more { // the same jobs at other places, and some that the first run has not
		more[i].Index = 39 - more[i].Index
		if more[i].Index < 4 {
			more[i].Job += "-other"
		}
	}
	first := described(t, "a", m, `,"jobs":40`, "10Mbps")
	other := described(t, "b", more, `,"jobs":44,"seed":3`, "40Mbps")
	c := &Comparison{Runs: []*Run{first, other}}
	c.Compare()
	if len(c.Differences) == 0 {
		t.Fatal("there are no differences")
	}
	for _, d := range c.Differences {
		if !d.Paired || !d.ByName || d.Chains != 36 || d.Ratio.Ratio < 1.0999 || d.Ratio.Ratio > 1.1001 ||
			d.Ratio.High-d.Ratio.Low > 1e-6 {
			t.Errorf("%+v", d)
		}
	}
	want := []Change{{"topology.links.uplink.rate", "10Mbps", "40Mbps"}, {"workload.jobs", "40", "44"},
		{"workload.seed", "", "3"}}
	if d := cmp.Diff(want, other.Changes); d != "" {
		t.Error(d)
	}
	var out bytes.Buffer
	if err := WriteRuns(&out, c, "total"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"by the jobs that both have", "36 pairs a",
		"topology.links.uplink.rate: 10Mbps -> 40Mbps", "workload.seed: absent -> 3"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
}

// Where the source differs, one name is not one job.
func TestJobsOfOtherSourcesAreNotPaired(t *testing.T) {
	m, _ := base(40)
	for _, workload := range []string{`,"arg-factor":7`, `,"trace":"x.csv"`} {
		c := &Comparison{Runs: []*Run{described(t, "a", m, "", "1Mbps"), described(t, "b", m, workload, "1Mbps")}}
		c.Compare()
		for _, d := range c.Differences {
			if d.Paired {
				t.Errorf("%s: %+v", workload, d)
			}
		}
	}
	other := described(t, "b", m, "", "1Mbps")
	other.Describe(json.RawMessage(`{}`), map[string]string{"workload.trace": "cd"})
	if other.sameJobs(described(t, "a", m, "", "1Mbps")) {
		t.Error("the content of the trace does not count")
	}
}
