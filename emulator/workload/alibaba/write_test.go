package alibaba

import (
	"bytes"
	"reflect"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
	"testing"
	"time"
)

// What is written reads as the same jobs, whose tasks do not start before those have ended for which they wait.
func TestWriting(t *testing.T) {
	want := spar.Synthesize(300, 3)
	var text bytes.Buffer
	if err := Write(&text, want); err != nil {
		t.Fatal(err)
	}
	got := read(t, text.String())
	opts := workload.DefaultOptions()
	opts.Shape = workload.ShapeDAG
	if w, g := spar.Chains(want, opts), spar.Chains(got.Trace, opts); len(w) != len(g) || got.Count() > 0 {
		t.Fatalf("%d jobs, not %d; %v", len(g), len(w), got.Malformed)
	} else {
		for i := range w {
			w[i].Arrival, g[i].Arrival = w[i].Arrival.Round(time.Microsecond), g[i].Arrival.Round(time.Microsecond)
			for k := range w[i].Tasks { // of a difference of times
				if d := w[i].Tasks[k].Ops - g[i].Tasks[k].Ops; d < -1 || d > 1 {
					t.Fatalf("%s: %d operations, not %d", w[i].Name, g[i].Tasks[k].Ops, w[i].Tasks[k].Ops)
				}
				w[i].Tasks[k].Ops, g[i].Tasks[k].Ops = 0, 0
			}
			if !reflect.DeepEqual(w[i], g[i]) {
				t.Fatalf("%+v\nis not\n%+v", g[i], w[i])
			}
		}
	}
	text.Reset()
	one := &spar.Trace{Jobs: []spar.Job{{Number: 1, Arrival: time.Second, Tasks: want.Jobs[0].Tasks[:0]}}}
	for _, row := range []string{"J3_1_2", "M2", "M1"} {
		label, err := spar.NewBuilder(nil, "").Label(row)
		if err != nil {
			t.Fatal(err)
		}
		demand := &spar.Demand{CPU: 100, Mem: 0.5, Instances: 1}
		task := spar.Task{Label: label, Demand: demand, Duration: float64(label.Number)}
		one.Jobs[0].Tasks = append(one.Jobs[0].Tasks, task)
	}
	if err := Write(&text, one); err != nil {
		t.Fatal(err)
	}
	const rows = "M1,1,j_1,1,Terminated,1,2,100,0.5\nM2,1,j_1,1,Terminated,1,3,100,0.5\n" +
		"J3_1_2,1,j_1,1,Terminated,3,6,100,0.5\n"
	if text.String() != rows {
		t.Errorf("%s", text.String())
	}
}
