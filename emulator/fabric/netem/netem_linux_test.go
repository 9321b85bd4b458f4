package netem

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// needKernel skips where the kernel lacks what the fabric is made of. In the lab, that is a failure.
func needKernel(t testing.TB) {
	t.Helper()
	testenv.Privileged(t)
	if err := Supported(t.Context()); err != nil {
		if os.Getenv("TB_LAB") == "1" {
			t.Fatal(err)
		}
		t.Skip(err, "; `make test-netem` runs this in a lab")
	}
}

// perTestbed makes fabrics that share a directory where they are of one testbed, as processes do.
func perTestbed(t *testing.T) func(t *testing.T, testbed string) fabric.Fabric {
	base := t.TempDir()
	return func(t *testing.T, testbed string) fabric.Fabric {
		dir := filepath.Join(base, testbed)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		f := New(dir, testbed)
		t.Cleanup(func() {
			if err := f.Close(context.Background()); err != nil {
				t.Error(err)
			}
			if left, err := f.(*Fabric).mounted(); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
			if left, _ := filepath.Glob(filepath.Join(netns.Names, prefix(testbed)+"*")); len(left) > 0 {
				t.Errorf("names left: %v", left)
			}
		})
		return f
	}
}

func TestConformance(t *testing.T) {
	needKernel(t)
	fabrictest.Run(t, perTestbed(t))
}

func TestRouting(t *testing.T) {
	needKernel(t)
	fabrictest.Routing(t, perTestbed(t))
}

func TestSix(t *testing.T) {
	needKernel(t)
	if !hasSix() {
		t.Skip("this kernel has no IPv6")
	}
	fabrictest.Six(t, perTestbed(t))
}

func TestMTU(t *testing.T) {
	needKernel(t)
	fabrictest.MTU(t, perTestbed(t), hasSix())
}

func TestWays(t *testing.T) {
	needKernel(t)
	fabrictest.Ways(t, perTestbed(t), hasSix())
}

func TestOwnWays(t *testing.T) {
	needKernel(t)
	fabrictest.OwnWays(t, perTestbed(t), hasSix())
}

func TestUnreachable(t *testing.T) {
	needKernel(t)
	fabrictest.Unreachable(t, perTestbed(t), hasSix())
}

// What the kernel holds, to the last bit: a rate that 32 bits cannot hold, nanoseconds, and jitter without a delay.
func TestKernelHoldsWhatWasAsked(t *testing.T) {
	needKernel(t)
	b := fabrictest.NewBench(t)
	b.Hosts("a", "b")
	there := topology.Shape{Rate: 400 * units.Gbps, Delay: 1234567 * time.Nanosecond, Queue: 10 * units.MiB}
	back := topology.Shape{Rate: 35 * units.Gbps, Jitter: 700 * time.Microsecond, Loss: 0.125, Reorder: 0.25,
		Corrupt: 0.5, Queue: units.MiB}
	b.Cable("a", "b", there, back)
	f := perTestbed(t)(t, b.Testbed)
	b.Apply(f)
	status, err := f.Inspect(t.Context())
	queues := status.Queues
	if err != nil || len(queues) != 2 {
		t.Fatal(queues, err)
	}
	for dir, want := range []topology.Shape{there, back} {
		q := queues[dir]
		if q.Rate != want.Rate || q.Delay != want.Delay || q.Jitter != want.Jitter {
			t.Errorf("direction %d: %+v, want %+v", dir, q, want)
		}
		for _, p := range [][2]float64{{q.Loss, want.Loss}, {q.Reorder, want.Reorder}, {q.Corrupt, want.Corrupt}} {
			if math.Abs(p[0]-p[1]) > 1e-9 {
				t.Errorf("direction %d: a probability of %v, want %v", dir, p[0], p[1])
			}
		}
		if over := q.Limit - want.Queue; over < 0 || over > frame(0) {
			t.Errorf("direction %d: %d bytes may wait, want %d and at most a frame more", dir, q.Limit, want.Queue)
		}
	}
}

// star is a network of 80 hosts around a switch.
func star(b *testing.B) (*fabrictest.Bench, fabric.Fabric) {
	needKernel(b)
	bench := fabrictest.NewBench(b)
	bench.Switch("hub")
	for i := range 80 {
		name := fmt.Sprintf("h%d", i)
		bench.Hosts(name)
		bench.Cable(name, "hub", topology.Shape{Rate: units.Gbps}, topology.Shape{Rate: units.Gbps})
	}
	f := New(b.TempDir(), bench.Testbed)
	b.Cleanup(func() { _ = f.Close(context.Background()) })
	b.Logf("up: %v", bench.Apply(f))
	return bench, f
}

// A change of shapes is what events make, and is to take a few milliseconds at most.
func BenchmarkChange(b *testing.B) {
	bench, f := star(b)
	for i := 0; b.Loop(); i++ {
		bench.Shape("h7-hub", 0, topology.Shape{Rate: units.BitRate(i+1) * units.Mbps})
		bench.Apply(f)
	}
}

// What a moment of a run's events takes.
func BenchmarkReshape(b *testing.B) {
	bench, f := star(b)
	for i := 0; b.Loop(); i++ {
		bench.Shape("h7-hub", 0, topology.Shape{Rate: units.BitRate(i+1) * units.Mbps})
		bench.Queues = bench.Topology.QueueLimits()
		if err := f.(fabric.Reshaper).Reshape(b.Context(), bench.Network); err != nil {
			b.Fatal(err)
		}
	}
}

// What it takes to see that all is as wanted.
func BenchmarkUnchanged(b *testing.B) {
	bench, f := star(b)
	for b.Loop() {
		bench.Apply(f)
	}
}

func BenchmarkInspect(b *testing.B) {
	_, f := star(b)
	for b.Loop() {
		if _, err := f.Inspect(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// What a sample of a run takes.
func BenchmarkCounters(b *testing.B) {
	_, f := star(b)
	for b.Loop() {
		if _, err := f.(fabric.Counter).Counters(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
