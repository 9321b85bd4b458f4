package spar

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/workload"
	"testbed/emulator/workload/rows"
)

// Rows that are not in the format are counted, and the first of them kept.
func TestMalformedRowsAreBounded(t *testing.T) {
	trace, err := Read(strings.NewReader(strings.Repeat("x\n", 3*rows.MostListed)), "x")
	if err != nil || len(trace.Malformed) != rows.MostListed || trace.Unlisted != 2*rows.MostListed ||
		trace.Malformed[9].Line != 10 {
		t.Errorf("%d listed and %d not, %v", len(trace.Malformed), trace.Unlisted, err)
	}
	if _, err := Read(strings.NewReader(strings.Repeat("x", rows.MaxRow+2)), "name"); err == nil ||
		!strings.Contains(err.Error(), "name") {
		t.Errorf("a row without an end: %v", err)
	}
}

// A task that waits for very many is bounded over all rows together.
func TestDependenciesAreBounded(t *testing.T) {
	row := "R2" + strings.Repeat("_1", rows.MaxRow/2-40)
	var text strings.Builder
	for i := range maxDependencies/(rows.MaxRow/2-40) + 2 {
		fmt.Fprintf(&text, "0,j_%d,%s,1,1,1,1\n", i, row)
	}
	if _, err := Read(strings.NewReader(text.String()), "x"); !errors.Is(err, readfile.ErrLimit) {
		t.Errorf("no limit: %v", err)
	}
}

// Chains take memory in proportion to rows, and not to the numbers in them.
func TestChainsOfLargeNumbers(t *testing.T) {
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "0,j_%d,R%d_1_%d,1,1,1,1\n", i, maxTask, maxTask-1-i%3)
	}
	trace, err := Read(strings.NewReader(text.String()), "x")
	if err != nil || len(trace.Malformed) > 0 {
		t.Fatal(err, trace.Malformed)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	jobs := Chains(trace, workload.DefaultOptions())
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 200 || len(jobs) != 20_000 {
		t.Errorf("%d MB for %d jobs", took, len(jobs))
	}
	if j := jobs[0]; len(j.Tasks) != 2 || j.Tasks[0].Name != "M1" || j.Tasks[1].Name != "R10000_1_9999" ||
		len(j.States) != 1 {
		t.Errorf("%+v", j)
	}
}
