package resolved

import (
	"slices"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

func TestNotesOfDAGs(t *testing.T) {
	const text = `name: dags
topology:
  nodes: {pi: {class: pi, memory: 16GiB, cpu: 4}, server: {class: server, memory: 16GiB, cpu: 8}}
  links: [{endpoints: [pi, server], rate: 20Mbps}]
workload:
  jobs:
    - name: fork
      client: pi
      states: {S: 1kB}
      tasks:
        a: {ops: 1, argument: 1kB}
        b: {ops: 1, after: {a: 1kB}, states: S}
        c: {ops: 1, after: {a: 1kB}, states: S}
    - {name: line, client: pi, tasks: {a: {ops: 1}, b: {ops: 1, after: {a: 1kB}}}}
models: [in-edge, in-client]
placement: {hosts: [server]}
`
	s, err := scenario.Parse([]byte(text), "dags.yaml", builtin.Catalogue())
	e := ready(t, s, err)
	want := []string{"1 of 2 jobs are DAGs, whose branches run side by side; predictors that know nothing but " +
		"chains predict nothing, unless linearize: true lets them",
		"in-client: 1 of their 3 tasks wait for another only because both are sent the same state, in " +
			"ascending order of tasks"}
	if got := e.Notes[max(0, len(e.Notes)-2):]; !slices.Equal(got, want) {
		t.Errorf("notes %q", e.Notes)
	}
}
