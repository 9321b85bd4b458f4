package hour

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"testbed/emulator/workload"
)

// The file is the one that the study's simulator read.
func TestRowsAreThoseOfTheStudy(t *testing.T) {
	text, err := rows()
	if err != nil {
		t.Fatal(err)
	}
	const want = "ad80787b3638355fb8bbbf45734ee53d4798482d474860e8e706ee32de440d36"
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(text))); got != want {
		t.Errorf("SHA-256 %s, want %s", got, want)
	}
}

// What is known of the hour from counting its rows by other means: ../shared/reference/spar/MODEL.md.
func TestTheHour(t *testing.T) {
	trace, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	// Of 16,749 jobs 1,271 have only rows whose names carry no DAG.
	if trace.Rows != 67_634 || len(trace.Jobs) != 15_478 || len(trace.Malformed) != 0 || trace.Lost != 0 {
		t.Errorf("%d rows, %d jobs, %d malformed, %d lost", trace.Rows, len(trace.Jobs), len(trace.Malformed), trace.Lost)
	}
	jobs := trace.Derive(workload.DefaultOptions())
	states, shared, longest := 0, 0, 0
	for i := range jobs {
		states += len(jobs[i].States)
		longest = max(longest, jobs[i].Length())
		for _, n := range jobs[i].Accesses() {
			if n > 1 {
				shared++
			}
		}
	}
	if len(jobs) != 4788 || states != 10_283 || shared != 361 {
		t.Errorf("%d stateful jobs, %d states, %d used by more than one task", len(jobs), states, shared)
	}
	if mean := float64(states) / float64(len(jobs)); math.Abs(mean-2.15) > 0.005 {
		t.Errorf("%.3f states a job", mean)
	}
	if longest != 25 {
		t.Errorf("the longest chain has %d invocations", longest)
	}
}

// The pool is the one that a program of its own, written from ../shared/reference/statesim/MODEL.md alone, makes of the
// hour: this is the hash of its text, a line "NAME|OPERATIONS|ARGUMENTS|STATES|DEPENDENCES|FUNCTIONS" for each chain.
func TestPoolIsThatOfTheModel(t *testing.T) {
	trace, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	for _, j := range trace.Derive(workload.DefaultOptions()) {
		var ops, arguments []int64
		var states [][]int
		var functions []string
		for _, k := range j.Tasks {
			ops, arguments = append(ops, k.Ops), append(arguments, k.Argument)
			states, functions = append(states, k.States), append(functions, k.Function)
		}
		line := fmt.Sprintf("%s|%d|%d|%d|%d|%s\n", j.Name, ops, arguments, j.States, states, functions)
		_, _ = io.WriteString(hash, strings.ReplaceAll(line, " ", ",")) // a hash takes everything
		if j.Result != j.Tasks[0].Argument {
			t.Fatalf("%s returns %d bytes, not its first argument's %d", j.Name, j.Result, j.Tasks[0].Argument)
		}
	}
	const want = "9eb118f5b880e61c31cc12f0c3c4ad722f483b1e9fc2fc12eb242ac8252dd89a"
	if got := fmt.Sprintf("%x", hash.Sum(nil)); got != want {
		t.Errorf("SHA-256 %s, want %s", got, want)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}

// Chains and DAGs of the hour are the same jobs, so that a run of one can be held against a run of the other.
func TestDAGsOfTheHour(t *testing.T) {
	trace, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	opts := workload.DefaultOptions()
	chains := trace.Derive(opts)
	opts.Shape = workload.ShapeDAG
	dags := trace.Derive(opts)
	if len(dags) != len(chains) || len(trace.Notes(opts)) > 0 {
		t.Fatalf("%d DAGs of %d chains: %v", len(dags), len(chains), trace.Notes(opts))
	}
	lines, edges, widest := 0, 0, 0
	for i := range dags {
		if dags[i].Name != chains[i].Name || dags[i].Length() != chains[i].Length() {
			t.Fatalf("%s of %d, %s of %d tasks", dags[i].Name, dags[i].Length(), chains[i].Name, chains[i].Length())
		}
		if dags[i].Chain() {
			lines++
		}
		for _, task := range dags[i].Tasks {
			edges += len(task.After)
			widest = max(widest, len(task.After))
		}
	}
	// As a program of its own counts them in ../shared/reference/spar/hour_batch_task.csv.gz.
	if lines != 4457 || edges != 13_267 || widest != 6 {
		t.Errorf("%d are lines; %d edges, at most %d to a task", lines, edges, widest)
	}
}
