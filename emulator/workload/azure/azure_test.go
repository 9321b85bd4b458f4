package azure

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/workload"
)

func read(t *testing.T, text string) *Trace {
	t.Helper()
	trace, err := Read(strings.NewReader(text), "t.txt")
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// By hand: invocations by their start, the first at 0, one of them under way when the trace begins.
func TestByHand(t *testing.T) {
	trace := read(t, RowFormat+`
7b2c43a2bc30f6bb,e3cbb48074df88b603,10.5,0.5
7b2c43a2bc30f6bb,e3cbb4807fff88b603,0.1,2.1
7b2c43a2xxxxf6bb,e3cbb48074df88b603,10.25,0
`)
	trace.Argument, trace.Result = 30, 40
	var got []string
	for j := range trace.Each(workload.Options{Factors: workload.Factors{Ops: 1000}}) {
		k := j.Tasks[0]
		got = append(got, fmt.Sprintf("%s %v %s %d %d %d", j.Name, j.Arrival, k.Function, k.Ops, k.Argument, j.Result))
		if len(j.Tasks) != 1 || len(j.States) > 0 || len(k.After) > 0 {
			t.Errorf("%+v", j)
		}
	}
	want := []string{
		"i_3 0s 7b2c43a2b-e3cbb4807f 2100 30 40",
		"i_2 12s 7b2c43a2b-e3cbb48074 500 30 40",
		"i_4 12.25s 7b2c43a2x-e3cbb48074 0 30 40",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	if trace.Apps != 2 || len(trace.Functions) != 3 || trace.Rows != 3 {
		t.Errorf("%d applications, %d functions, %d rows", trace.Apps, len(trace.Functions), trace.Rows)
	}
	for range trace.Each(workload.Options{Stateless: workload.DropStateless}) {
		t.Fatal("an invocation has a state")
	}
}

func TestMalformedRows(t *testing.T) {
	for row, reason := range map[string]string{
		"a,b,1":                             "3 fields",
		"a,b,1,2,3":                         "5 fields",
		",b,1,2":                            "the app",
		"a,,1,2":                            "the func",
		"a,b,,2":                            "end_timestamp is empty",
		"a,b,-1,2":                          "end_timestamp",
		"a,b,1,NaN":                         "duration",
		"a,b,1,x\x00":                       "duration",
		"a,b,1e10,1":                        "above 1e9",
		"a,b,1,1e999":                       "duration",
		"{\"a\": [1, 2]":                    "2 fields",
		strings.Repeat("a", 256) + ",b,1,2": "longer than",
	} {
		trace := read(t, "a,b,1,1\n"+row+"\n")
		if trace.Len() != 1 || len(trace.Malformed) != 1 || trace.Malformed[0].Line != 2 ||
			!strings.Contains(trace.Malformed[0].Reason, reason) {
			t.Errorf("%q: %d invocations, %v, want %s", row, trace.Len(), trace.Malformed, reason)
		}
		if notes := strings.Join(trace.Notes(workload.Options{}), "\n"); !strings.Contains(notes, "1 malformed row") {
			t.Errorf("%q: %s", row, notes)
		}
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.txt")
	for text, want := range map[string]string{
		"": "", RowFormat + "\r\n": "", "a,b,1,1\r\n": "", "a,b\nc,d\n": "x.txt:1: it has 2 fields",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		trace, err := load(path, catalogue.Values{{Option: catalogue.Option{Name: argument}, Value: 5}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil {
			continue
		}
		for job := range trace.Each(workload.Options{}) {
			if job.Tasks[0].Argument != 5 || job.Result != 0 || job.Tasks[0].Name != "a-b" {
				t.Errorf("%+v", job)
			}
			if got := trace.Row(job.Name, "", workload.Factors{}); got != path+":1: invocation i_1" {
				t.Error(got)
			}
		}
	}
}

func TestDetect(t *testing.T) {
	for head, want := range map[string]bool{
		RowFormat: true, RowFormat + "\r\na": true, "a,b,1.5,0.1\nx": true, "a,b,c,d": false, "": false, ",b,1,1": false,
		"0.05,j_1,M1,10,100,0.3,1": false, "{": false,
	} {
		if got := detect([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(RowFormat + "\n7b2c,e3cb,10.5,0.5\n7b2c,e3cc,0.1,2.1\n")
	f.Fuzz(func(t *testing.T, text string) {
		trace, err := Read(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		n, before := 0, time.Duration(0)
		for job := range trace.Each(workload.DefaultOptions()) {
			if n++; job.Arrival < before || job.Tasks[0].Ops < 0 || job.Tasks[0].Function == "" {
				t.Fatalf("%+v after %v", job, before)
			}
			before = job.Arrival
		}
		if n+trace.Count() != trace.Rows {
			t.Fatalf("%d jobs and %d malformed of %d rows", n, trace.Count(), trace.Rows)
		}
	})
}
