package spar

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// reference opens a file of the reference data, or skips the test where the folder is absent.
func reference(t *testing.T, elements ...string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join(append([]string{"..", "..", "..", "..", "shared", "reference"}, elements...)...))
	if os.IsNotExist(err) {
		t.Skipf("the reference data are not here: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestReadSample(t *testing.T) {
	trace, err := Read(reference(t, "spar", "sample_batch_task.csv"), "sample")
	if err != nil {
		t.Fatal(err)
	}
	if len(trace.Malformed) > 0 {
		t.Errorf("malformed: %v", trace.Malformed)
	}
	if trace.Rows != 112 {
		t.Errorf("%d rows, want 112", trace.Rows)
	}
	if trace.Skipped < 3 { // j_1 is three task_ rows
		t.Errorf("%d rows skipped, want at least 3", trace.Skipped)
	}
	// The file's row 19: 1.8527777777777779,j_4,J12_3_4_11,19,100.0,0.59,23
	var job *Job
	for i := range trace.Jobs {
		if trace.Jobs[i].Number == 4 {
			job = &trace.Jobs[i]
		}
	}
	if job == nil || len(job.Tasks) != 18 || job.Arrival != 1852777778*time.Nanosecond {
		t.Fatalf("j_4 is %+v, want 18 tasks at 1.852777778s", job)
	}
	want := Task{&Label{"J12_3_4_11", 12, []int{3, 4, 11}}, &Demand{100, 0.59, 23}, 19}
	for _, task := range job.Tasks {
		if task.Number == 12 && !reflect.DeepEqual(task, want) {
			t.Errorf("got %+v, want %+v", task, want)
		}
	}
}

func TestMalformedRows(t *testing.T) {
	rows := []struct{ row, reason string }{
		{"1,j_1,M1,2,100,0.3", "6 fields"},
		{"1,j_1,M1,2,100,0.3,1,9", "8 fields"},
		{"1,k_1,M1,2,100,0.3,1", "does not begin with j_"},
		{"1,j_x,M1,2,100,0.3,1", "not j_ and a whole number"},
		{"x,j_1,M1,2,100,0.3,1", "arrival"},
		{"1,j_1,M1,-2,100,0.3,1", "duration"},
		{"1,j_1,M1,2,NaN,0.3,1", "cpu"},
		{"1,j_1,M1,2,100,Inf,1", "mem"},
		{"1,j_1,M1,2,100,0.3,1.5", "instances"},
		{"1,j_1,1,2,100,0.3,1", "letter"},
		{"1,j_1,M,2,100,0.3,1", "letter"},
		{"1,j_1,MR1,2,100,0.3,1", "where a number is due"},
		{"1,j_1,R2_,2,100,0.3,1", "where a number is due"},
		{"1,j_1,R2_2,2,100,0.3,1", "waits for itself"},
		{"1,j_1,M0,2,100,0.3,1", "where a number is due"},
		{"1,j_1,M99999999,2,100,0.3,1", "above"},
		{"1,j_2,R2_1,2,100,0.3,1", "already"},
	}
	text := "0,j_2,M2,1,100,0.3,1\n0,j_3,M2,1,100,0.3,1\n"
	for _, r := range rows {
		text += r.row + "\n"
	}
	trace, err := Read(strings.NewReader(text), "bad.csv")
	if err != nil {
		t.Fatal(err)
	}
	if len(trace.Malformed) != len(rows) || len(trace.Jobs) != 1 {
		t.Fatalf("%d malformed and %d jobs, want %d and 1", len(trace.Malformed), len(trace.Jobs), len(rows))
	}
	for i, r := range rows {
		got := trace.Malformed[i]
		if got.Line != i+3 || !strings.Contains(got.Error(), r.reason) || !strings.HasPrefix(got.Error(), "bad.csv:") {
			t.Errorf("%s\n got %v\nwant line %d with %q", r.row, got, i+3, r.reason)
		}
	}
}

func TestRowsOfOneNumberAreOneJob(t *testing.T) {
	rows := "0,j_1,M1,1,1,1,1\r\n\n1,j_2,task_x,1,1,1,1\n1,j_2,MergeTask,1,1,1,1\n1,j_2,Stg1,1,1,1,1\n" +
		"2,j_1,R2_1,1,1,1,1\n3,j_3,M1,1,1,1,1\n"
	trace, err := Read(strings.NewReader(rows), "t")
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, j := range trace.Jobs {
		got = append(got, j.Number, len(j.Tasks))
	}
	if want := []int{1, 2, 3, 1}; !reflect.DeepEqual(got, want) || trace.Skipped != 3 || trace.Rows != 6 {
		t.Errorf("jobs and their tasks %v (skipped %d, rows %d), want %v (3, 6)", got, trace.Skipped, trace.Rows, want)
	}
}

func TestWriteAndReadAgain(t *testing.T) {
	trace := Synthesize(300, 5)
	var out bytes.Buffer
	if err := Write(&out, trace); err != nil {
		t.Fatal(err)
	}
	again, err := Read(&out, trace.Name)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, trace) {
		t.Error("the trace read differs from the one written")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("0.05,j_1,M1,0,50.0,0.49,1\n0.05,j_1,R2_1,10,50.0,0.3,2\n"))
	f.Add([]byte("1,j_4,J12_3_4_11,19,100.0,0.59,23\n1,j_4,R3_12,1,1,1,1\n"))
	f.Add([]byte("1,j_1,task_NDg2,5729,500.0,1.91,50\n,,,,,,\n1,j_1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		trace, err := Read(bytes.NewReader(data), "fuzz")
		if err != nil {
			return // a row above the limit
		}
		tasks := 0
		for _, j := range trace.Jobs {
			tasks += len(j.Tasks)
		}
		if malformed := len(trace.Malformed) + trace.Unlisted; tasks+trace.Dropped+trace.Skipped+malformed != trace.Rows {
			t.Fatalf("%d tasks, %d dropped, %d skipped and %d malformed of %d rows",
				tasks, trace.Dropped, trace.Skipped, malformed, trace.Rows)
		}
		checkChains(t, trace)
		var out bytes.Buffer
		if err := Write(&out, trace); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&out, "fuzz")
		if err != nil || len(again.Malformed) > 0 || len(again.Jobs) != len(trace.Jobs) {
			t.Fatalf("what was written reads as %+v, %v; want %+v", again, err, trace)
		}
	})
}

// A text that is there as a whole is read as a file is, whatever its line ends.
func TestReadText(t *testing.T) {
	for _, text := range []string{
		"", "\n\n", "0,j_1,M1,1,100,0.3,1", "\ufeff0,j_1,M1,1,100,0.3,1\r\n0,j_2,M1,1,100,0.3,1\r\n",
		"0,j_1,M1,1,100,0.3,1\nj_1,\n0,j_1,M2,1,,0.3,1\n,,,,,,,,\n0,j_3,task_x,1,1,1,1\n\n0,j_3,R2_1,1,1e2,.3,1",
	} {
		want, err := Read(strings.NewReader(text), "x")
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadText(text, "x")
		if d := cmp.Diff(want, got, cmp.AllowUnexported(Trace{})); err != nil || d != "" {
			t.Errorf("%q: %v\n%s", text, err, d)
		}
	}
}
