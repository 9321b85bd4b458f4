package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
)

// jobsOf reads the jobs of a trace with these rows.
func jobsOf(t *testing.T, rows, more string) (*JobSet, string, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "t.csv")
	if err := os.WriteFile(file, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	text := "name: x\ntopology: {synth: iiot}\nworkload: {trace: t.csv" + more + "}\n"
	s, err := Parse([]byte(text), filepath.Join(dir, "s.yaml"), builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	set, err := s.Jobs()
	return set, file, err
}

// What is said of a workload without jobs fits where its jobs come from, and says the next step.
func TestNoJobIsLeft(t *testing.T) {
	stateful := "0,j_1,M1,1,100,0.3,1\n0,j_1,M2,1,100,0.3,1\n0,j_1,J3_1_2,1,100,0.3,1\n"
	for name, c := range map[string]struct {
		rows, more string
		want       []string
		not        string
	}{
		"the cluster's": {"M1,1,j_1,1,Terminated,97,110,50.0,23.3\n", "",
			[]string{"of 1 job in", "t.csv none has a state", "workload.stateless: keep"}, "raise"},
		"no format": {"a;b\n", "", []string{"t.csv:1: it has 1 field", "nor does it begin", "spar, alibaba, azure"}, "raise"},
		"another format": {"M1,1,j_1,1,Terminated,97,110,50.0,23.3\n", ", format: spar",
			[]string{"t.csv:1: ", "9 fields", "arrival_s,job,task,duration_s,cpu,mem,instances"}, "raise"},
		"no state": {"0,j_1,M1,1,100,0.3,1\n0,j_1,R2_1,1,100,0.3,1\n", "",
			[]string{"of 1 job in", "t.csv none has a state", "a state is a task outside of the chain"}, "raise"},
		"no DAG": {"0,j_1,task_x,1,100,0.3,1\n", "",
			[]string{"no job of", "1 of 1 row have a task whose name carries no DAG"}, "raise"},
		"all lost": {strings.Replace(stateful, "J3_1_2,1,100", "J3_1_2,1,", 1), "",
			[]string{"t.csv:3: the cpu is empty", "1 job that lost a row"}, "raise"},
		"empty": {"", "", []string{"t.csv is empty", "arrival_s,job"}, "raise"},
		"too short": {stateful, ", min-length: 5, max-length: 9",
			[]string{"of 1 job with a state none has from 5 to 9 invocations", "min-length"}, "raise jobs"},
		"too early": {stateful, ", from: 1s, max-length: 9",
			[]string{"of 1 job none has from 1 to 9 invocations and arrives at the times wanted", "workload.from"}, ""},
		"none of many": {stateful + strings.ReplaceAll(stateful, "j_1", "j_2"), ", jobs: 1, seed: 1", nil, ""},
		"strict": {strings.Replace(stateful, "0.3", "x", 1), ", strict: true", []string{`t.csv:1: the mem "x"`},
			""},
		"operations": {strings.Replace(stateful, "J3_1_2,1,100", "J3_1_2,1e12,1e12", 1), ", ops-factor: 1e12",
			[]string{"t.csv:3: job j_1, task J3_1_2: it has more than", "workload.ops-factor"}, ""},
		"operations alone": {strings.Replace(stateful, "M1,1,100", "M1,1e12,1e9", 1), "",
			[]string{"t.csv:1: job j_1, task M1: "}, ""},
	} {
		set, file, err := jobsOf(t, c.rows, c.more)
		if c.want == nil {
			if err == nil && len(set.Jobs) == 0 {
				t.Errorf("%s: no job and no error", name)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", name, err, want)
			}
		}
		named := strings.Contains(err.Error(), filepath.Base(file)) || strings.HasPrefix(name, "too ")
		if c.not != "" && strings.Contains(err.Error(), c.not) || !named {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A chain of jobs drawn from a synthesized trace is told what to change there.
func TestNoSynthesizedJobIsLeft(t *testing.T) {
	const text = "name: x\ntopology: {synth: iiot}\nworkload: {synth: {kind: spar, jobs: 1, seed: 1}}\n"
	s, err := Parse([]byte(text), "s.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Jobs(); err == nil || !strings.Contains(err.Error(), "raise workload.synth.jobs") {
		t.Errorf("%v", err)
	}
}

// Jobs that lost a row do not take part, and that is told.
func TestLostJobsAreLeftOut(t *testing.T) {
	rows := "0,j_1,M1,1,100,0.3,1\n0,j_2,M1,1,100,0.3,1\n0,j_1,M2,1,100,0.3,1\n0,j_2,M2,1,,0.3,1\n" +
		"0,j_1,J3_1_2,1,100,0.3,1\n0,j_2,J3_1_2,1,100,0.3,1\n"
	set, _, err := jobsOf(t, rows, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Jobs) != 1 || set.Jobs[0].Name != "j_1" || set.Jobs[0].Length() != 2 {
		t.Errorf("%+v", set)
	}
	notes := strings.Join(set.Notes, "\n")
	if !strings.Contains(notes, "1 malformed row") || !strings.Contains(notes, "the 1 job that lost a row") ||
		!strings.Contains(notes, "t.csv:4: the cpu is empty") {
		t.Errorf("%s", notes)
	}
}

// A trace that the program has with it is no file: neither looked for, nor copied, nor made absolute.
func TestShippedTraces(t *testing.T) {
	const head = "name: x\ntopology: {synth: iiot}\nworkload:\n  jobs: 20\n  "
	parse := func(more string) (*Scenario, error) {
		file := filepath.Join(t.TempDir(), "s.yaml")
		if err := os.WriteFile(file, []byte(head+more+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return Load(file, builtin.Catalogue())
	}
	s, err := parse("trace: alibaba-2018-hour")
	if err != nil {
		t.Fatal(err)
	}
	if refs := s.References(); len(refs) != 0 {
		t.Errorf("it reads %v", refs)
	}
	if err := s.MakeAbsolute(); err != nil || s.Workload.Trace != "alibaba-2018-hour" {
		t.Errorf("%q, %v", s.Workload.Trace, err)
	}
	set, err := s.Jobs()
	if err != nil || set.Pool != 4788 || len(set.Jobs) == 0 || len(set.Jobs) > 100 {
		t.Errorf("%d of %d jobs, %v", len(set.Jobs), set.Pool, err)
	}
	for more, want := range map[string]string{
		"trace: alibaba-2018-hours":                    "s.yaml:5",
		"trace: alibaba-2018-hour.csv":                 "without one there is alibaba-2018-hour",
		"trace: alibaba-2018-hour\n  format: spar":     "s.yaml:6",
		"trace: alibaba-2018-hour\n  synth: {jobs: 3}": "source of the workload",
	} {
		if _, err := parse(more); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", more, err, want)
		}
	}
}

// Jobs may be taken of a part of a trace's time.
func TestTimesWanted(t *testing.T) {
	var rows strings.Builder
	for i := range 5 {
		for _, task := range []string{"M1", "M2", "J3_1_2"} {
			fmt.Fprintf(&rows, "%d,j_%d,%s,1,100,0.3,1\n", 10*i, i, task)
		}
	}
	for more, want := range map[string]string{
		"": "j_0 j_1 j_2 j_3 j_4", ", from: 10s": "j_1 j_2 j_3 j_4", ", until: 20s": "j_0 j_1",
		", from: 10s, until: 30001ms": "j_1 j_2 j_3", ", from: 10s, until: 40s, jobs: 3, draw: exact": "j_1 j_2 j_3",
	} {
		set, _, err := jobsOf(t, rows.String(), more)
		if err != nil {
			t.Fatal(more, err)
		}
		var names []string
		for i := range set.Jobs {
			names = append(names, set.Jobs[i].Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", more, got, want)
		}
	}
}

// Jobs are drawn as many as wanted, and more of them than there are only with replacement.
func TestDraw(t *testing.T) {
	stateful := "0,j_1,M1,1,100,0.3,1\n0,j_1,M2,1,100,0.3,1\n0,j_1,J3_1_2,1,100,0.3,1\n"
	rows := ""
	for _, job := range []string{"j_1", "j_2", "j_3", "j_4"} {
		rows += strings.ReplaceAll(stateful, "j_1", job)
	}
	for more, want := range map[string]int{
		", jobs: 3, draw: exact": 3, ", jobs: 4, draw: exact": 4, ", jobs: 3, draw: replacement": 3,
		", jobs: 9, draw: replacement": 9, ", jobs: 9": 4, ", jobs: 9, draw: share": 4, ", jobs: 5, draw: exact": 0,
	} {
		set, _, err := jobsOf(t, rows, more)
		if want == 0 {
			if err == nil || !strings.Contains(err.Error(), "5 jobs cannot be drawn from 4") {
				t.Errorf("%s: %v", more, err)
			}
			continue
		}
		if err != nil || len(set.Jobs) != want || set.Pool != 4 {
			t.Errorf("%s: %+v, %v", more, set, err)
		}
	}
	const head = "name: x\ntopology: {synth: iiot}\nworkload: {trace: alibaba-2018-hour, jobs: 5000, draw: replacement}\n"
	s, err := Parse([]byte(head), "s.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	set, err := s.Jobs()
	if err != nil || len(set.Jobs) != 5000 {
		t.Fatalf("%+v, %v", set, err)
	}
	for _, j := range set.Jobs {
		if base, _, again := strings.Cut(j.Name, "."); again {
			if s.Row(set.Trace, j.Name) != s.Row(set.Trace, base) {
				t.Errorf("the row of %s is not that of %s", j.Name, base)
			}
			return
		}
	}
	t.Error("no job was drawn twice")
}
