package wfformat

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

func one(t *testing.T, trace workload.Trace, opts workload.Options) workload.Job {
	t.Helper()
	for job := range trace.Each(opts) {
		return job
	}
	t.Fatal("there is no job")
	return workload.Job{}
}

// sums are what a job's tasks are together.
func sums(job *workload.Job) string {
	var edges, between, input, ops int64
	for i := range job.Tasks {
		k := &job.Tasks[i]
		edges += int64(len(k.After))
		for e := range k.After {
			between += k.Edge(e)
		}
		input += k.Input()
		ops += k.Ops
	}
	return fmt.Sprintf("%d tasks, %d edges of %d bytes, %d in, %d out, %d operations",
		len(job.Tasks), edges, between, input, job.Returned(), ops)
}

// WfCommons' own files, as a program in Python counts them that was written from the format's description alone.
func TestPublished(t *testing.T) {
	for file, want := range map[string]string{
		"wfformat-forkjoin-10.json": "10 tasks, 16 edges of 145454560 bytes, 9090910 in, 9090910 out, 1028704 operations",
		"wfformat-srasearch-10a.json": "22 tasks, 30 edges of 10763460131 bytes, 98721 in, 2412 out, " +
			"6996779 operations",
	} {
		trace, err := Load(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		opts := workload.Options{Factors: workload.Factors{Ops: 1000}}
		job := one(t, trace, opts)
		check(t, &job)
		if got := sums(&job); got != want || len(trace.Notes(opts)) > 0 {
			t.Errorf("%s: %s, want %s; notes %q", file, got, want, trace.Notes(opts))
		}
		opts.Shape = workload.ShapeChain
		chain := one(t, trace, opts)
		if !chain.Chain() || chain.Returned() != job.Returned() || len(chain.Tasks) != len(job.Tasks) {
			t.Errorf("%s as a chain: %s", file, sums(&chain))
		}
		functions := map[string]bool{}
		for _, k := range job.Tasks {
			functions[k.Function] = true
		}
		if n := map[string]int{"wfformat-forkjoin-10.json": 1, "wfformat-srasearch-10a.json": 4}[file]; len(functions) != n {
			t.Errorf("%s: functions %v", file, functions)
		}
	}
}

// spec is a workflow in 1.5 of tasks and files, and their execution.
func spec(tasks, files, executed string) string {
	return fmt.Sprintf(`{"name":"w/1","schemaVersion":"1.5","workflow":{"specification":{"tasks":[%s],"files":[%s]},
"execution":{"tasks":[%s]}}}`, tasks, files, executed)
}

// a and b: b waits for a, as a's child only, and reads x of it; z is nobody's, y for the client, and c reads x, too,
// though it waits for b alone.
const (
	tasks = `{"id":"c","name":"see_ID0000003","parents":["b"],"inputFiles":["x","y"],"outputFiles":[]},
{"id":"a","name":"a","children":["b"],"inputFiles":["z","z"],"outputFiles":["x","u"]},
{"id":"b","name":"b_7","parents":["a"],"children":["c"],"inputFiles":["x"],"outputFiles":["y"]}`
	files = `{"id":"x","sizeInBytes":100},{"id":"y","sizeInBytes":20},{"id":"z","sizeInBytes":3},
{"id":"u","sizeInBytes":1.0}`
	times = `{"id":"a","runtimeInSeconds":2,"coreCount":1.5,"command":{"program":"/usr/bin/a b"}},
{"id":"b","runtimeInSeconds":0.5}`
)

func TestByHand(t *testing.T) {
	trace, err := Read(strings.NewReader(spec(tasks, files, times)), "w.json")
	if err != nil {
		t.Fatal(err)
	}
	want := workload.Job{Name: "w-1", Tasks: []workload.Task{
		{Name: "a", Function: "a-b", Ops: 300, Argument: 3, Result: 101},
		{Name: "b", Function: "b", Ops: 50, Argument: 100, After: []int{0}, Edges: []int64{100}},
		{Name: "c", Function: "see", Argument: 120, After: []int{1}, Edges: []int64{20}},
	}}
	opts := workload.Options{Factors: workload.Factors{Ops: 100}}
	if got := one(t, trace, opts); !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	notes := strings.Join(trace.Notes(opts), "\n")
	if !strings.Contains(notes, "1 task without a runtime") ||
		!strings.Contains(notes, "1 file read by tasks that do not") {
		t.Error(notes)
	}
	strange := spec(tasks, files+`,{"id":"x","sizeInBytes":100}`, times+`,{"id":"q","runtimeInSeconds":1}`)
	if again, err := Read(strings.NewReader("\ufeff"+strange), "w.json"); err != nil || again.Strange != 1 ||
		!reflect.DeepEqual(one(t, again, opts), want) {
		t.Errorf("what it says beside: %v", err)
	}
	trace.Factor = 0.5
	if got := one(t, trace, opts); got.Tasks[1].Edges[0] != 50 || got.Tasks[0].Argument != 2 {
		t.Errorf("half as large: %+v", got)
	}
	for range trace.Each(workload.Options{Stateless: workload.DropStateless}) {
		t.Error("a workflow has a state")
	}
}

// Versions before 1.5 say files and times with the tasks, and name parents.
func TestOlderVersions(t *testing.T) {
	for name, text := range map[string]string{
		"1.4": `{"name":"w","schemaVersion":"1.4","workflow":{"tasks":[
{"id":"1","name":"a","children":["2"],"parents":[],"runtimeInSeconds":2,"coreCount":2,"command":{"program":"p"},
 "files":[{"link":"input","name":"z","sizeInBytes":3},{"link":"output","name":"x","sizeInBytes":100}]},
{"id":"2","name":"b","parents":["1"],"runtimeInSeconds":1,"files":[{"link":"input","name":"x","sizeInBytes":100}]}]}}`,
		"1.3": `{"name":"w","schemaVersion":"1.3","workflow":{"tasks":[
{"name":"1","runtime":2,"cores":2,"command":{"program":"p"},"parents":[],
 "files":[{"link":"input","name":"z","size":3},{"link":"output","name":"x","size":100}]},
{"name":"2","parents":["1"],"runtime":1,"files":[{"link":"input","name":"x","size":100}]}]}}`,
	} {
		trace, err := Read(strings.NewReader(text), "w.json")
		if err != nil {
			t.Fatal(name, err)
		}
		job := one(t, trace, workload.Options{Factors: workload.Factors{Ops: 1}})
		if got := sums(&job); got != "2 tasks, 1 edges of 100 bytes, 3 in, 0 out, 5 operations" ||
			job.Tasks[0].Function != "p" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestMalformed(t *testing.T) {
	cut := spec(tasks, files, times)
	for text, want := range map[string]string{
		"":                                      "w.json",
		"[]":                                    "w.json:1: ",
		"{}":                                    "specification.tasks",
		cut[:len(cut)-1] + ",\n\"name\":1}":     "w.json:",
		cut[:len(cut)-1] + ",\n\"name\":\"x\"}": `the key "name" is there twice`,
		spec(`{"id":"a","inputFiles":["id","id"],"name":"id"},{"id":"b","id":"c"}`, files, ""): `w.json:1: the key "id"`,
		"{\x00}":                                       "w.json:1: ",
		cut[:300]:                                      "w.json:",
		cut + "{}":                                     "w.json:",
		spec("", files, ""):                            "specification.tasks",
		strings.Repeat(`{"workflow":`, 1000):           "64 deep",
		strings.Repeat(`[`, 100_000):                   "64 deep",
		spec(`{"id":"a"},{"id":"a"}`, files, ""):       `task "a": its ID`,
		spec(`{"name":"a"}`, files, ""):                `task "": its ID`,
		spec(`{"id":"a","parents":["q"]}`, files, ""):  `task "a": there is no task "q"`,
		spec(`{"id":"a","children":["q"]}`, files, ""): `its child`,
		spec(`{"id":"a","parents":["a"]}`, files, ""):  `task "a": it waits for itself`,
		spec(`{"id":"a","parents":["b"]},{"id":"b","parents":["a"]}`, files, ""): `task "a": it waits for itself`,
		spec(`{"id":"a","parents":7}`, files, ""):                                "w.json:1",
		spec(`{"id":"a"}`, `{"id":"x","sizeInBytes":-1}`, ""):                    `file "x": the sizeInBytes -1`,
		spec(`{"id":"a"}`, `{"id":"x","sizeInBytes":1e300}`, ""):                 `file "x": the sizeInBytes 1e+300`,
		spec(`{"id":"a"}`, `{"id":"x","sizeInBytes":1e999}`, ""):                 "w.json:1",
		spec(`{"id":"a"}`, files+`,{"id":"x","sizeInBytes":1}`, ""):              `file "x": it has two sizes, 100 and 1`,
		spec(`{"id":"a"}`, files, `{"id":"a"},{"id":"a"}`):                       "twice",
		spec(`{"id":"a"}`, files, `{"id":"a","runtimeInSeconds":-1}`):            "runtimeInSeconds -1",
		spec(`{"id":"a"}`, files, `{"id":"a","coreCount":-1}`):                   "coreCount -1",
	} {
		_, err := Read(strings.NewReader(text), "w.json")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "w.json") ||
			len(err.Error()) > 500 {
			t.Errorf("%.60q: %.500v, want %s", text, err, want)
		}
	}
}

// An error about a task says the line in which its ID is.
func TestLines(t *testing.T) {
	for _, c := range []struct{ tasks, want string }{
		{`{"id":"b\u0041","parents":["q"]}`, `w.json: task "bA": `},
		{`{"id":"a","children":["b"]},` + "\n" + `{"parents":["q"],` + "\n" + `"id" : "b"}`, `w.json:3: task "b": `},
	} {
		if _, err := Read(strings.NewReader(spec(c.tasks, files, "")), "w.json"); err == nil ||
			!strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.tasks, err, c.want)
		}
	}
}

// What is written reads as the same job.
func TestWriting(t *testing.T) {
	opts := workload.DefaultOptions()
	opts.Shape, opts.Tasks, opts.Stateless = workload.ShapeDAG, workload.All, workload.KeepStateless
	for seed := range uint64(20) {
		trace := spar.Synthesize(1, seed)
		var text bytes.Buffer
		if err := Write(&text, trace); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&text, "w.json")
		if err != nil {
			t.Fatal(err)
		}
		want, got := one(t, trace, opts), one(t, again, opts)
		if sums(&want) != sums(&got) || want.Name != got.Name {
			t.Errorf("seed %d: %s, want %s", seed, sums(&got), sums(&want))
		}
		check(t, &got)
	}
	if err := Write(&bytes.Buffer{}, spar.Synthesize(2, 1)); err == nil {
		t.Error("two jobs are one workflow")
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.json")
	if err := os.WriteFile(path, []byte(spec(tasks, files, times)), 0o600); err != nil {
		t.Fatal(err)
	}
	trace, err := load(path, catalogue.Values{{Option: catalogue.Option{Name: factor}, Value: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if got := trace.Row("w", "", workload.Factors{}); got != path+": largest task c, whose input files have 120 bytes" {
		t.Error(got)
	}
	if got := one(t, trace, workload.Options{}); got.Tasks[1].Edges[0] != 200 {
		t.Errorf("%+v", got)
	}
}

func TestDetect(t *testing.T) {
	for head, want := range map[string]bool{
		`{"name": "w", "schemaVersion": "1.5"`: true, "\ufeff\n\t {\"workflow\": {": true, "": false, "{": false,
		`{"nodes": [], "links": []}`: false, `[{"workflow": `: false, `a,{"workflow"`: false,
	} {
		if detect([]byte(head)) != want {
			t.Errorf("%q", head)
		}
	}
}

// check holds a job to what must hold of every one.
func check(t *testing.T, job *workload.Job) {
	t.Helper()
	for i := range job.Tasks {
		k := &job.Tasks[i]
		for e, a := range k.After {
			if a < 0 || a >= i || e > 0 && a <= k.After[e-1] || k.Edge(e) < 0 {
				t.Fatalf("%s: task %d waits for %v", job.Name, i, k.After)
			}
		}
		if k.Ops < 0 || k.Input() < 0 || k.Function == "" || k.Edges != nil && len(k.Edges) != len(k.After) {
			t.Fatalf("%s: %+v", job.Name, k)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(spec(tasks, files, times))
	for _, name := range []string{"wfformat-forkjoin-10.json", "wfformat-srasearch-10a.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		trace, err := Read(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		for _, shape := range []workload.Shape{"", workload.ShapeChain} {
			job := one(t, trace, workload.Options{Shape: shape, Factors: workload.DefaultOptions().Factors})
			check(t, &job)
			trace.Notes(workload.Options{Shape: shape})
		}
	})
}
