package transport

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/predict"
)

// Under load a prediction is the mean of several replays, which is the same each time, and whose parts add up.
func TestMeanOfReplays(t *testing.T) {
	net, hosts := cell(t, 5)
	plans := chains(hosts, 20, 4)
	o := DefaultOptions()
	o.PerMessage, o.Arrivals.Users = 200*time.Microsecond, 6
	e, err := New(net, speed, o)
	if err != nil {
		t.Fatal(err)
	}
	one, err := newReplay(e).predict(plans)
	if err != nil {
		t.Fatal(err)
	}
	all, again := predictions(t, net, o, plans), predictions(t, net, o, plans)
	if d := cmp.Diff(all, again); d != "" {
		t.Errorf("the second time differs: %s", d)
	}
	if cmp.Equal(one, all) {
		t.Error("it is that of one replay")
	}
	for i := range all {
		near(t, "the total of "+all[i].Job, all[i].Total, one[i].Total, 0.5*one[i].Total)
		near(t, "its division", all[i].Network+all[i].Processing, all[i].Total, 1e-9)
		for k, s := range all[i].Steps {
			near(t, fmt.Sprintf("%s, step %d", all[i].Job, k), predict.Seconds(all[i].Parts[k].Sum()), s.End-s.Start, 1e-11)
		}
	}
}

func TestReplications(t *testing.T) {
	for hops, want := range map[int64]int{0: 8, 1000: 8, budget / 8: 8, budget / 5: 5, budget: 1, 100 * budget: 1} {
		if got := replications(hops); got != want {
			t.Errorf("of %d packet-hops %d replays, want %d", hops, got, want)
		}
	}
}
