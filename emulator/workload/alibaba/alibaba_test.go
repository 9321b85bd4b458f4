package alibaba

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"testbed/emulator/workload"
	"testbed/emulator/workload/hour"
	"testbed/emulator/workload/spar"
)

func read(t *testing.T, text string) *Trace {
	t.Helper()
	trace, err := Read(strings.NewReader(text), "t.csv")
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// published writes a trace of Spår's as the cluster's own file has it: the times of each task instead of its duration,
// and rows of a job apart.
func published(trace *spar.Trace) string {
	var even, odd strings.Builder
	for i := range trace.Jobs {
		job := &trace.Jobs[i]
		for k, task := range job.Tasks {
			out := &even
			if k%2 == 1 {
				out = &odd
			}
			start := math.Round(job.Arrival.Seconds())
			fmt.Fprintf(out, "%s,%d,%s,1,Terminated,%g,%g,%g,%g\n", task.Name, task.Instances, job.Name(), start,
				start+task.Duration, task.CPU, task.Mem)
		}
	}
	return even.String() + odd.String()
}

// The hour's jobs are the same from either file, but for their arrival, which the cluster's has in whole seconds.
func TestTheHourAsPublished(t *testing.T) {
	want, err := hour.Load()
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, published(want))
	if got.Count() > 0 || got.Lost > 0 || got.Rows != 67_634-want.Skipped {
		t.Fatalf("%d rows, %d malformed: %v", got.Rows, got.Count(), got.Malformed[:min(1, got.Count())])
	}
	for _, opts := range []workload.Options{
		workload.DefaultOptions(),
		{Shape: workload.ShapeDAG, Factors: workload.DefaultOptions().Factors, Functions: 10},
		{Shape: workload.ShapeDAG, Tasks: workload.All, Factors: workload.DefaultOptions().Factors, Functions: 10},
	} {
		jobs := map[string]workload.Job{}
		for job := range want.Each(opts) {
			jobs[job.Name] = job
		}
		n := 0
		for job := range got.Each(opts) {
			n++
			other := jobs[job.Name]
			if late := job.Arrival - other.Arrival; late.Abs().Seconds() > 0.501 {
				t.Fatalf("%s arrives at %v, not %v", job.Name, job.Arrival, other.Arrival)
			}
			other.Arrival = job.Arrival
			withoutFunctions(&job)
			withoutFunctions(&other)
			if !reflect.DeepEqual(job, other) {
				t.Fatalf("%+v\nis not\n%+v", job, other)
			}
		}
		if n != len(jobs) {
			t.Fatalf("%d jobs, not %d", n, len(jobs))
		}
	}
}

// withoutFunctions leaves out the functions, which are drawn in the order of the jobs.
func withoutFunctions(job *workload.Job) {
	for i := range job.Tasks {
		job.Tasks[i].Function = ""
	}
}

// By hand: which rows make which job.
func TestByHand(t *testing.T) {
	trace := read(t, RowFormat+`
M1,1,job_1,1,Terminated,100,110,50,0.5
R3_1_2,1,job_1,1,Failed,110,113,100,0.2
task_NDg2==,1,job_1,1,Terminated,95,97,100,0.1
M2,,job_1,1,Terminated,98,105,100,0.3
MergeTask,1,alone,2,Terminated,7,8,100,0.4
M1,1,j_2,1,Running,200,0,100,0.5
M1,1,j_3,1,Waiting,,,100,0.5
M1,1,j_4,1,Terminated,200,201,,0.5
M1,1,j_5,1,Terminated,200,201,100,
M1,1,j_6,1,Terminated,200,x,100,1
R2_1,1,j_6,1,Terminated,200,201,100,1
M1,1,j_7,1,Terminated,9,9,100,1
M1,1,j_7,1,Terminated,9,9,100,1
`)
	opts := workload.Options{Factors: workload.Factors{Ops: 1000, Argument: 100, State: 10}, Functions: 1,
		Stateless: workload.KeepStateless, Shape: workload.ShapeDAG}
	want := []string{
		"job_1 1m35s states=[3] result=50: M1 f0 ops=5000 arg=50 after=[] states=[]; " +
			"R3_1_2 f0 ops=3000 arg=20 after=[0] states=[0]",
		"j_7 9s states=[] result=100: M1 f0 ops=0 arg=100 after=[] states=[]",
	}
	if got := told(trace, opts); !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	opts.Tasks = workload.All
	want = []string{
		"job_1 1m35s states=[] result=50: M1 f0 ops=5000 arg=50 after=[] states=[]; " +
			"M2 f0 ops=7000 arg=30 after=[] states=[]; R3_1_2 f0 ops=3000 arg=20 after=[0 1] states=[]; " +
			"task_NDg2== f0 ops=2000 arg=10 after=[] states=[]",
		"alone 7s states=[] result=40: MergeTask f0 ops=1000 arg=40 after=[] states=[]",
		"j_7 9s states=[] result=100: M1 f0 ops=0 arg=100 after=[] states=[]",
	}
	if got := told(trace, opts); !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	notes := strings.Join(trace.Notes(workload.DefaultOptions()), "\n")
	for _, part := range []string{
		"2 malformed rows of the trace are left out, and with them the 1 job that lost a row, the first: t.csv:11: ",
		"2 jobs with a task that has no start_time", "2 jobs with a task of which no plan_cpu", "2 tasks whose names",
	} {
		if !strings.Contains(notes, part) {
			t.Errorf("no %q in the notes:\n%s", part, notes)
		}
	}
}

func told(trace *Trace, opts workload.Options) (all []string) {
	for j := range trace.Each(opts) {
		var tasks []string
		for _, k := range j.Tasks {
			tasks = append(tasks, fmt.Sprintf("%s %s ops=%d arg=%d after=%v states=%v", k.Name, k.Function, k.Ops, k.Argument,
				k.After, k.States))
		}
		all = append(all, fmt.Sprintf("%s %v states=%v result=%d: %s", j.Name, j.Arrival, j.States, j.Result,
			strings.Join(tasks, "; ")))
	}
	return all
}

func TestMalformedRows(t *testing.T) {
	for row, reason := range map[string]string{
		"M1,1,j_1,1,Terminated,1,2,100":                                     "8 fields",
		"M1,1,j_1,1,Terminated,1,2,100,1,":                                  "10 fields",
		"M1,1,,1,Terminated,1,2,100,1":                                      "the job",
		"M1,1,j 1,1,Terminated,1,2,100,1":                                   "the job",
		"M1,1,j\x001,1,Terminated,1,2,100,1":                                "the job",
		"M1,1," + strings.Repeat("j", 256) + ",1,Terminated,1,2,100,1":      "the job",
		",1,j_1,1,Terminated,1,2,100,1":                                     "the task",
		"M,1,j_1,1,Terminated,1,2,100,1":                                    "letter",
		"M1_1,1,j_1,1,Terminated,1,2,100,1":                                 "waits for itself",
		"M99999999999999999999,1,j_1,1,Terminated,1,2,100,1":                "number is due",
		"M10001,1,j_1,1,Terminated,1,2,100,1":                               "above 10000",
		"M1,1.5,j_1,1,Terminated,1,2,100,1":                                 "instance_num",
		"M1,1,j_1,1,Terminated,-1,2,100,1":                                  "start_time",
		"M1,1,j_1,1,Terminated,1,NaN,100,1":                                 "end_time",
		"M1,1,j_1,1,Terminated,1e10,2e10,100,1":                             "later than",
		"M1,1,j_1,1,Terminated,1,2,1e300,1":                                 "plan_cpu",
		"M1,1,j_1,1,Terminated,1,2,100,0x1p4":                               "plan_mem",
		"M1,1,j_1,1,Terminated,1,2,100,1\nM1,1,j_1,1,Terminated,1,2,100,2":  "number 1 already",
		"M1,1,j_1,1,Terminated,1,2,100,1\nX1_2,1,j_1,1,Terminated,1,2,99,1": "number 1 already",
	} {
		trace := read(t, "M1,1,whole,1,Terminated,1,2,100,1\n"+row+"\n")
		if len(trace.Malformed) != 1 || !strings.Contains(trace.Malformed[0].Reason, reason) ||
			!strings.HasPrefix(trace.Malformed[0].Error(), "t.csv:"+strconv.Itoa(2+strings.Count(row, "\n"))+": ") {
			t.Errorf("%q: %v, want %s", row, trace.Malformed, reason)
		}
		if len(trace.Jobs) != 1 || trace.Jobs[0].Name() != "whole" {
			t.Errorf("%q: %d jobs are left", row, len(trace.Jobs))
		}
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	for text, want := range map[string]string{
		"": "", RowFormat + "\n": "", "M1,1,job_1,type_9,Terminated,97,110,50.0,23.3\n": "",
		"a,b\nc,d\n": "x.csv:1: it has 2 fields",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		trace, err := Load(path)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil && len(trace.Jobs) == 1 {
			const row = "x.csv:1: job job_1, largest task M1 with mem 23.3"
			if got := trace.Row("job_1", "", workload.DefaultOptions().Factors); !strings.HasSuffix(got, row) {
				t.Errorf("%q, want %q", got, row)
			}
		}
	}
}

func TestDetect(t *testing.T) {
	for head, want := range map[string]bool{
		RowFormat: true, "\ufeff" + RowFormat + "\r\nM1": true, "M1,1,job_1,type_9,Terminated,97,110,50.0,23.3\nx": true,
		"task_x=,,j_1,1,Waiting,,,,": true, "0.05,j_1,M1,10,100,0.3,1": false, "": false, "{": false,
		"a,b,c,d,e,f,g,h,i": false,
	} {
		if got := detect([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(RowFormat + "\nM1,1,job_1,1,Terminated,100,110,50,0.5\nR3_1_2,1,job_1,1,Failed,110,113,100,0.2\n")
	f.Add("task_NDg2==,1,a,1,Terminated,95,97,100,0.1\nM1,1,a,1,Running,200,0,100,0.5\n")
	f.Fuzz(func(t *testing.T, text string) {
		trace, err := Read(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		for _, shape := range []workload.Shape{workload.ShapeChain, workload.ShapeDAG} {
			for _, tasks := range []workload.Extent{workload.Reached, workload.All} {
				opts := workload.DefaultOptions()
				opts.Shape, opts.Tasks, opts.Stateless = shape, tasks, workload.KeepStateless
				for job := range trace.Each(opts) {
					check(t, &job)
				}
				trace.Notes(opts)
			}
		}
	})
}

// check holds a job to what must hold of every one.
func check(t *testing.T, job *workload.Job) {
	t.Helper()
	if job.Name == "" || job.Arrival < 0 || len(job.Tasks) == 0 {
		t.Fatalf("%+v", job)
	}
	for i, task := range job.Tasks {
		for _, a := range task.After {
			if a < 0 || a >= i {
				t.Fatalf("%s: task %d waits for %d", job.Name, i, a)
			}
		}
		if task.Ops < 0 || task.Argument < 0 {
			t.Fatalf("%s: %+v", job.Name, task)
		}
	}
}

var _ workload.Trace = (*Trace)(nil)
