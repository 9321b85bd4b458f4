package faas

import (
	"path/filepath"
	"testing"

	"testbed/emulator/faas/dapr/daprtest"
	"testbed/emulator/faas/function"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/plan"
	"testbed/emulator/workload"
)

// TestJavaScriptSDKInModels: a function that drives its state with Dapr's JavaScript SDK, which nobody here wrote,
// gets, saves, meets conflicts of ETags, deletes, and uses bulk and transactions; in each model, and with the same
// result.
func TestJavaScriptSDKInModels(t *testing.T) {
	node, modules := daprtest.SDK(t)
	directory, err := filepath.Abs(filepath.Join("dapr", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	program := function.Program{
		Name: "f", Command: []string{"node", filepath.Join(directory, "function.js")}, Path: node, Dir: directory,
		Timeout: testenv.Patience, Env: []string{"NODE_PATH=" + modules},
	}
	c := newCluster(t, Allotted)
	if err := c.clients[1].Programs(t.Context(), []function.Program{program}); err != nil {
		t.Fatal(err)
	}
	jobs := []workload.Job{{Name: "j", States: []int64{1}, Tasks: []workload.Task{
		{Function: "f", Argument: 10, States: []int{0}}, {Function: "f", After: []int{0}, States: []int{0}},
	}}}
	want := [2]string{}
	for i, text := range []string{`["runs",1]`, `["runs",2]`} {
		want[i] = DigestOf([]byte(`[` + text + `,["planet",null],["text","1"],["k1",10],["k2",null],["k3","new"]]`))
	}
	states := map[string]bool{}
	for _, m := range plan.Study {
		spec := c.programSpec(t, jobs, m, 1, 1)
		result, lost := c.carryOut(t, spec)
		if result.Error != "" || lost != nil || result.Conflicts+result.Retries() != 0 {
			t.Fatalf("%s: error %q, check %v, %d retries", m, result.Error, lost, result.Retries())
		}
		if have := [2]string{result.Programs[0].Digest, result.Programs[1].Digest}; have != want {
			t.Errorf("%s: the results have the digests %v, want %v", m, have, want)
		}
		checks, err := spec.Check(t.Context(), c.client)
		if err != nil {
			t.Fatal(err)
		}
		states[checks[0].Digest] = true
		if err := spec.Clean(t.Context(), c.client); err != nil {
			t.Fatal(err)
		}
	}
	if len(states) != 1 {
		t.Errorf("what one function leaves has %d contents: %v", len(states), states)
	}
	if err := c.clients[1].Programs(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	c.left(t)
}
