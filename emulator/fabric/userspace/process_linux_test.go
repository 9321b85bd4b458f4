package userspace

import (
	"context"
	"os"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// hidden is the argument by which the test binary becomes the fabric process.
const hidden = "fabric-process"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[0] == ProcessName && os.Args[1] == hidden {
		os.Exit(Main(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// newFabric is a fabric in a directory of its own, which is closed with the test.
func newFabric(t testing.TB, testbed string) *Fabric {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f := New(dir, testbed, []string{self, hidden})
	t.Cleanup(func() {
		if err := f.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			log, _ := os.ReadFile(dir + "/" + logName)
			t.Logf("%s:\n%s", logName, log)
		}
	})
	return f
}

func TestExplore(t *testing.T) {
	testenv.Privileged(t)
	for _, c := range []struct {
		name  string
		shape topology.Shape
	}{
		{"0ms", topology.Shape{}},
		{"0.5ms", topology.Shape{Delay: 500 * time.Microsecond}},
		{"5ms", topology.Shape{Delay: 5 * time.Millisecond}},
		{"60ms", topology.Shape{Delay: 60 * time.Millisecond}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := fabrictest.NewBench(t)
			b.Hosts("a", "b")
			b.Cable("a", "b", c.shape, c.shape)
			f := newFabric(t, b.Testbed)
			t.Log("apply", b.Apply(f))
			n := 200
			rtt, err := measure.RTT(t.Context(), b.Station("a").NetNS, b.Station("b").Addr.Addr(), n, 5*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			target := 2 * c.shape.Delay
			st, _ := f.Stats(t.Context())
			t.Logf("%d answers: min %v median %v p99 %v, target %v, calib %v", len(rtt), measure.Quantile(rtt, 0)-target, measure.Quantile(rtt, .5)-target, measure.Quantile(rtt, .99)-target, target, st.Calibration)
		})
	}
	for _, c := range []topology.Shape{
		{Rate: units.Mbps, Delay: 10 * time.Millisecond},
		{Rate: 10 * units.Mbps, Delay: 10 * time.Millisecond},
		{Rate: 50 * units.Mbps, Delay: 10 * time.Millisecond},
		{Rate: 300 * units.Mbps, Delay: 10 * time.Millisecond},
		{Rate: 300 * units.Mbps, Delay: 60 * time.Millisecond},
		{Rate: units.Gbps, Delay: 10 * time.Millisecond},
		{Rate: 10 * units.Gbps},
	} {
		t.Run(c.Rate.String()+c.Delay.String(), func(t *testing.T) {
			b := fabrictest.NewBench(t)
			b.Hosts("a", "b")
			b.Cable("a", "b", c, c)
			f := newFabric(t, b.Testbed)
			b.Apply(f)
			rate, err := measure.Goodput(t.Context(), b.Station("a").NetNS, b.Station("b").NetNS, b.Station("b").Addr.Addr(), 2*time.Second, 3*time.Second, "cubic")
			want := float64(c.Rate) * measure.HeaderShare
			q, _ := f.Inspect(t.Context())
			st, _ := f.Stats(t.Context())
			t.Logf("%.2f Mb/s of %.2f: %+.2f %% %v\n%+v\n%+v", rate/1e6, want/1e6, (rate/want-1)*100, err, q[0], st)
		})
	}
}

func TestConformance(t *testing.T) {
	fabrictest.Run(t, func(t *testing.T, testbed string) fabric.Fabric { return newFabric(t, testbed) })
}
