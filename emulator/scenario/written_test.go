package scenario_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
	"testbed/emulator/workload"
)

const factory = `name: x
topology:
  nodes: {cam1: {class: cam, cpu: 1}, cam2: {class: cam, cpu: 1}, nuc: {cpu: 4}, s: {kind: switch}}
  links: [{endpoints: [cam1, s]}, {endpoints: [cam2, s]}, {endpoints: [nuc, s]}]
placement: {speed: cpu}
models: [in-client]
workload:
`

// figure is the application of the study's figure 3, with its tasks in another order than that of their execution.
const figure = `
  reference: nuc
  jobs:
    - name: app
      client: cam1
      states: {S: 1MB, T: 2kB}
      tasks:
        f3: {ops: 3000, after: {f2: 40kB, f1: 30kB}, result: 5kB}
        f1: {ops: 1e3, argument: 10kB, states: S}
        f2: {function: classify, time: 2ms, after: {f1: 20kB}, argument: 1kB, states: [T, S], result: 7B}
    - {name: tick, at: 1s, count: 3, period: 2s, phase: 500ms, tasks: {beat: {ops: 0, argument: 8B}}}
`

func written(t *testing.T, workload string) (*scenario.Scenario, *scenario.JobSet) {
	t.Helper()
	s, err := scenario.Parse([]byte(factory+workload), "x.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	set, err := s.Jobs()
	if err != nil {
		t.Fatal(err)
	}
	return s, set
}

func TestWrittenJobs(t *testing.T) {
	s, set := written(t, figure)
	want := workload.Job{Name: "app", Client: "cam1", States: []int64{1e6, 2000}, Tasks: []workload.Task{
		{Name: "f1", Function: "f1", Ops: 1000, Argument: 10000, States: []int{0}},
		{Name: "f2", Function: "classify", Ops: 8e6, Argument: 21000, After: []int{0}, Edges: []int64{20000},
			States: []int{0, 1}, Result: 7},
		{Name: "f3", Function: "f3", Ops: 3000, Argument: 70000, After: []int{1, 0}, Edges: []int64{40000, 30000},
			Result: 5000},
	}}
	if len(set.Jobs) != 4 || set.Pool != 4 || !reflect.DeepEqual(set.Jobs[0], want) {
		t.Fatalf("%d jobs, the first is\n%+v, want\n%+v", len(set.Jobs), set.Jobs[0], want)
	}
	if got := set.Jobs[0].Outputs(nil); !reflect.DeepEqual(got, []int64{50000, 40007, 5000}) {
		t.Errorf("the tasks return %v", got)
	}
	for k, j := range set.Jobs[1:] {
		at := time.Duration(1500+2000*k) * time.Millisecond
		if j.Name != fmt.Sprintf("tick.%d", k+1) || j.Arrival != at || j.Client != set.Jobs[1].Client {
			t.Errorf("repetition %d: %s of %s at %v", k, j.Name, j.Client, j.Arrival)
		}
	}
	if row := s.Row(set.Trace, "tick.2"); !strings.HasPrefix(row, "x.yaml:18:") || !strings.HasSuffix(row, "job tick") {
		t.Errorf("the row of tick.2 is %s", row)
	}
	roundTrip(t, s)
}

// The jobs of a class are issued by one of its hosts, which the seed draws, whatever others the workload has.
func TestClientsOfWrittenJobs(t *testing.T) {
	drawn := map[string]int{}
	for seed := range 40 {
		text := fmt.Sprintf("  seed: %d\n  clients: [nuc]\n  jobs:\n"+
			"    - {name: a, client: cam, count: 3, tasks: {f: {ops: 1}}}\n"+
			"    - {name: b, tasks: {f: {ops: 1}}}\n", seed)
		_, set := written(t, text)
		drawn[set.Jobs[0].Client]++
		if set.Jobs[2].Client != set.Jobs[0].Client || set.Jobs[3].Client != "nuc" {
			t.Fatalf("%+v", set.Jobs)
		}
	}
	if len(drawn) != 2 || drawn["cam1"] < 8 || drawn["cam2"] < 8 {
		t.Errorf("the clients drawn are %v", drawn)
	}
}

func TestWrongWrittenJobs(t *testing.T) {
	schema := compileSchema(t)
	job := func(keys string) string {
		return "  jobs:\n    - name: app\n      " + strings.ReplaceAll(keys, "\n", "\n      ")
	}
	for name, c := range map[string]struct {
		text, want string
		structural bool
	}{
		"no name":         {"  jobs: [{tasks: {f: {ops: 1}}}]", `:8:10: workload.jobs[0]: the key "name" is missing`, true},
		"no tasks":        {job("count: 2"), `the key "tasks" is missing`, true},
		"no jobs":         {"  jobs: []", "there are 0 elements; write at least 1", true},
		"unknown key":     {job("tasks: {f: {op: 1}}"), `unknown key "op"; did you mean "ops"?`, true},
		"no work":         {job("tasks: {f: {argument: 1B}}"), "the work of the task is missing; add one of ops, time", true},
		"two works":       {job("tasks: {f: {ops: 1, time: 1s}}"), "the work of the task is given more than once", true},
		"no unit":         {job("tasks: {f: {ops: 1, argument: 12}}"), "12 has no unit; write a size", true},
		"edge's unit":     {job("tasks: {f: {ops: 1}, g: {ops: 1, after: {f: 3}}}"), "after.f: 3 has no unit", true},
		"large argument":  {job("tasks: {f: {ops: 1, argument: 2GiB}}"), "write at most 1GiB", false},
		"negative ops":    {job("tasks: {f: {ops: -1}}"), "write a number from 0 to 1e18", true},
		"phase alone":     {job("phase: 1s\ntasks: {f: {ops: 1}}"), "it has no meaning without period", true},
		"long phase":      {job("count: 2\nperiod: 1s\nphase: 1s\ntasks: {f: {ops: 1}}"), "not within the period", false},
		"no reference":    {job("tasks: {f: {time: 1ms}}"), ":10:25: workload.jobs[0].tasks.f.time: it is not", false},
		"wrong reference": {"  reference: nuk\n" + job("tasks: {f: {time: 1ms}}"), `did you mean "nuc"?`, false},
		"unknown task": {job("tasks: {fetch: {ops: 1}, g: {ops: 1, after: fetsh}}"),
			`:10:51: workload.jobs[0].tasks.g.after.fetsh: there is no task "fetsh"; did you mean "fetch"?`, false},
		"itself": {job("tasks: {f: {ops: 1, after: f}}"), "the task f waits for itself; remove it", false},
		"cycle": {job("tasks:\n  a: {ops: 1, after: c}\n  b: {ops: 1, after: [a]}\n  c: {ops: 1, after: {b: 1kB}}"),
			":11:28: workload.jobs[0].tasks.a.after.c: tasks wait for one another: " +
				"a waits for c waits for b waits for a;", false},
		"task twice":      {job("tasks: {f: {ops: 1}, f: {ops: 2}}"), `the key "f" is given twice`, false},
		"edge twice":      {job("tasks: {f: {ops: 1}, g: {ops: 1, after: [f, f]}}"), `the key "f" is given twice`, false},
		"job twice":       {job("tasks: {f: {ops: 1}}\n- {name: app, tasks: {f: {ops: 1}}}"), "", false},
		"no such state":   {job("states: {model: 1MB}\ntasks: {f: {ops: 1, states: modl}}"), `did you mean "model"?`, false},
		"no states":       {job("tasks: {f: {ops: 1, states: [m]}}"), `give the job states: {m: SIZE}`, false},
		"idle state":      {job("states: {m: 1MB}\ntasks: {f: {ops: 1}}"), `no task uses the state "m"`, false},
		"state twice":     {job("states: {m: 1MB}\ntasks: {f: {ops: 1, states: [m, m]}}"), `"m" is listed twice`, false},
		"lasting, idle":   {"  states: {m: 1MB}\n" + job("tasks: {f: {ops: 1}}"), `workload.states.m: no task uses`, false},
		"lasting, traced": {"  jobs: 5\n  states: {m: 1MB}", "workload.states: jobs of a trace have states", false},
		"lasting, own": {"  states: {m: 1MB}\n" + job("states: {m: 1MB}\ntasks: {f: {ops: 1, states: m}}"),
			`the name "m" is taken`, false},
		"unknown client": {job("client: cam3\ntasks: {f: {ops: 1}}"), `did you mean "cam"?`, false},
		"large sum": {job("tasks: {f: {ops: 1}, g: {ops: 1}, h: {ops: 1, after: {f: 1GiB, g: 1B}}}"),
			"tasks.h: argument and edges are", false},
		"large output": {job("tasks: {f: {ops: 1, result: 1B}, g: {ops: 1, after: {f: 1GiB}}}"),
			"tasks.f: result and edges are", false},
		"a trace, too":   {"  trace: t.csv\n" + job("tasks: {f: {ops: 1}}"), "workload.trace: it is about", false},
		"a factor":       {"  ops-factor: 5\n" + job("tasks: {f: {ops: 1}}"), "workload.ops-factor: it is about", false},
		"neither":        {"  jobs: many", `"many" is not a whole number; write a whole number from 1 to 1000000`, true},
		"a mapping":      {"  jobs: {f: 1}", "a mapping where a whole number belongs", true},
		"too many":       {job("count: 100001\ntasks: {f: {ops: 1}}"), "out of range", true},
		"bad task name":  {job("tasks: {-f: {ops: 1}}"), `"-f" is not a valid name`, true},
		"name as a list": {"  jobs: [[a]]", "a list where a mapping belongs", true},
	} {
		if name == "job twice" {
			c.text = "  jobs:\n    - {name: app, tasks: {f: {ops: 1}}}\n    - {name: app, tasks: {f: {ops: 1}}}"
			c.want = `:10:14: workload.jobs[1].name: the job in line 9 has the name "app", too; choose another name`
		}
		t.Run(name, func(t *testing.T) {
			_, err := scenario.Parse([]byte(factory+c.text+"\n"), "x.yaml", builtin.Catalogue())
			var all scenario.Errors
			if !errors.As(err, &all) || !strings.Contains(err.Error(), c.want) || len(all) > 2 {
				t.Fatalf("%v, want %s", err, c.want)
			}
			if all[0].Remedy == "" {
				t.Errorf("%v: no remedy", all[0])
			}
			if c.structural && bySchema(schema, factory+c.text+"\n") == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}

// What a setting changes in jobs written down, by name, and that the number of jobs is another key's value still.
func TestSettingsOfWrittenJobs(t *testing.T) {
	for key, c := range map[string]struct{ value, want string }{
		"workload.jobs":                               {"100", "jobs: 100"},
		"workload.jobs.app.tasks.f2.time":             {"9ms", "time: 9ms"},
		"workload.jobs[1].period":                     {"7s", "period: 7s"},
		"workload.jobs.app.tasks.f3.after.f1":         {"9kB", "f1: 9000B"},
		"workload.jobs.app.tasks.f3.after":            {"[f1]", "f1: 0B"},
		"workload.jobs.app.states.S":                  {"3MB", "S: 3MB"},
		"workload.jobs.app.tasks.f1.argument":         {"11kB", "argument: 11kB"},
		"workload.jobs.tick.count":                    {"44", "count: 44"},
		"workload.jobs.app.tasks.f4.ops":              {"1", `there is no element "f4"`},
		"workload.jobs.ap.count":                      {"1", `did you mean "app"?`},
		"workload.jobs.app.tasks.f3.after.f2.bytes":   {"9MB", "f2: 9MB"},
		"workload.jobs.app.tasks.f3.after.f1.size":    {"9MB", `unknown key "size"`},
		`workload.jobs."app".tasks."f3".after."none"`: {"9MB", `there is no element "none"`},
	} {
		text := factory + strings.Replace(figure, "reference: nuc\n", "", 1)
		if key != "workload.jobs" {
			text = factory + figure
		} else {
			text = strings.Replace(text, "  jobs:", "  jobs: 5\nx-jobs:", 1)
		}
		s, _, err := scenario.Adapt([]byte(text), "x.yaml", builtin.Catalogue(),
			scenario.Setting{Key: key, Value: c.value, From: "--set"})
		got := fmt.Sprint(err)
		if err == nil {
			resolved, err := s.Resolved()
			got = fmt.Sprint(string(resolved), err)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s=%s: no %q in\n%s", key, c.value, c.want, got)
		}
	}
}
