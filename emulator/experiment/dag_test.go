package experiment

import (
	"errors"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/predict"
	"testbed/emulator/scenario"
)

// A predictor that knows nothing but chains leaves a cell with DAGs to the others, and fails it where there is none.
func TestPredictorsThatRefuseDAGs(t *testing.T) {
	const text = `name: dags
topology:
  nodes: {pi: {class: pi, memory: 16GiB, cpu: 4}, server: {class: server, memory: 16GiB, cpu: 8}}
  links: [{endpoints: [pi, server], rate: 20Mbps}]
workload:
  jobs:
    - name: fork
      client: pi
      tasks: {a: {ops: 1, argument: 1kB}, b: {ops: 1, after: {a: 1kB}}, c: {ops: 1, after: {a: 1kB}}}
models: [in-function]
`
	sc, err := scenario.Parse([]byte(text), "dags.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	e, plans, err := prepare(sc)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		engines []string
		rows    int
		err     error
	}{{[]string{"transport", "statesim"}, 1, nil}, {[]string{"statesim"}, 0, predict.ErrBranches}} {
		r, err := predictCell(&Work{Scenario: e, Engines: c.engines}, plans)
		if !errors.Is(err, c.err) || err == nil && (len(r.Chains) != c.rows || r.Chains[0].Engine != "transport") {
			t.Errorf("by %v: %v, %+v", c.engines, err, r)
		}
	}
}
