package emulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/fake/fakehost"
	"testbed/emulator/internal/kerneltime"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/orchestrator"
	"testbed/emulator/record"
	"testbed/emulator/replay"
	"testbed/emulator/run"
	"testbed/emulator/scenario"
	"testbed/emulator/verify"
)

// disturbable is a scenario of chains that take some tenths of a second: fakehost's with longer ways.
func disturbable(name, then, models string) string {
	cloud := "workload:"
	if strings.Contains(models, "external") {
		cloud = "cloud: {at: gw, rtt: 20ms, rate: 50Mbps}\nworkload:"
	}
	return "runtime: process\nfabric: userspace\n" + strings.NewReplacer(
		"name: tiny", "name: "+name, "delay: 2ms", "delay: 30ms", "delay: 500us", "delay: 15ms",
		"jobs: 30", "jobs: 200", "  jobs: 2\n", "  jobs: 6\n", "max-length: 2", "max-length: 6",
		"arg-factor: 1e3", "arg-factor: 1e4", "state-factor: 1e3", "state-factor: 1e4",
		"models: [in-function, in-client]", "models: "+models, "workload:", cloud,
		"{then: keep, share: 1}", "{then: "+then+"}",
	).Replace(fakehost.Scenario)
}

// disturbed is a testbed that is up, for runs that something disturbs.
type disturbed struct {
	t    *testing.T
	host *emulator.Host
	bed  *emulator.Bed
	name string
	dir  string
}

func newDisturbed(t *testing.T, then, models string) *disturbed {
	t.Helper()
	w := newReal(t)
	d := &disturbed{t: t, host: w.of, name: fmt.Sprintf("dist-%d", os.Getpid()), dir: t.TempDir()}
	text := disturbable(d.name, then, models)
	e := loaded(t, d.dir, text)
	var err error
	if d.bed, err = d.host.Up(t.Context(), e, emulator.UpOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.host.Remove(context.Background(), d.name, true, nil); err != nil {
			t.Error(err)
		}
	})
	return d
}

// measured is a run's outcome with its chains. Times are of CLOCK_MONOTONIC, in ns.
type measured struct {
	*run.Outcome
	chains []record.Chain // those that were repeated too
}

// run replays, and lets something disturb it as soon as a few chains are done.
func (d *disturbed) run(disturb func()) measured {
	d.t.Helper()
	var begun sync.Once
	var done sync.WaitGroup
	sink := &kept{}
	outcome, err := d.bed.Run(d.t.Context(), run.Config{
		Results: filepath.Join(d.dir, "results"), Sinks: []record.Sink{sink}, Progress: func(p replay.Progress) {
			if p.Done >= 2 && disturb != nil {
				begun.Do(func() { done.Go(disturb) })
			}
		},
	})
	done.Wait()
	if err != nil {
		d.t.Fatal(err)
	}
	if outcome.Validity == nil || outcome.Failures() > 0 {
		d.t.Fatalf("validity %v, %d chains failed: %q", outcome.Validity, outcome.Failures(), outcome.Summary.Errors)
	}
	return measured{outcome, sink.chains}
}

// kept is a sink that keeps chains.
type kept struct {
	record.Sink
	chains []record.Chain
}

func (k *kept) Write(c record.Chain, _ []record.Step) error {
	k.chains = append(k.chains, c)
	return nil
}
func (*kept) Flush() error          { return nil }
func (*kept) Close() error          { return nil }
func (*kept) Counts() record.Counts { return record.Counts{} }

// says fails unless the verdict is as wanted, with a reason that contains a text.
func (m measured) says(t *testing.T, verdict, reason string) {
	t.Helper()
	if m.Validity.Verdict != verdict || !strings.Contains(strings.Join(m.Validity.Reasons, "\n"), reason) {
		t.Errorf("%s, %q: want %s for %q", m.Validity.Verdict, m.Validity.Reasons, verdict, reason)
	}
}

// means are the models' mean latencies, in s.
func (m measured) means() map[string]float64 {
	sum, n := map[string]float64{}, map[string]float64{}
	for _, c := range m.chains {
		if !c.Superseded {
			sum[c.Model] += c.Measured.Latency
			n[c.Model]++
		}
	}
	for model := range sum {
		sum[model] /= n[model]
	}
	return sum
}

// stops are the intervals in which something was stopped.
type stops [][2]int64

// within is how much of a chain's time lies in them.
func (all stops) within(c *record.Chain) (sum time.Duration) {
	for _, s := range all {
		if in := min(s[1], c.Start+int64(1e9*c.Measured.Latency)) - max(s[0], c.Start); in > 0 {
			sum += time.Duration(in)
		}
	}
	return sum
}

// stopping stops a process for so long, again and again until the run is over. A pause between two is long enough for
// a chain to come to its end.
func (d *disturbed) stopping(pid int, long time.Duration) (m measured, all stops) {
	over := make(chan struct{})
	var done sync.WaitGroup
	m = d.run(func() {
		done.Go(func() {
			for {
				from, to := d.stop(pid, long)
				all = append(all, [2]int64{from, to})
				select {
				case <-over:
					return
				case <-time.After(3 * long):
				}
			}
		})
	})
	close(over)
	done.Wait()
	return m, all
}

// stop stops a process for so long, and returns between which instants it certainly was.
func (d *disturbed) stop(pid int, long time.Duration) (from, to int64) {
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		d.t.Error(err)
	}
	from = kerneltime.Now(unix.CLOCK_MONOTONIC)
	time.Sleep(long)
	to = kerneltime.Now(unix.CLOCK_MONOTONIC)
	if err := unix.Kill(pid, unix.SIGCONT); err != nil {
		d.t.Error(err)
	}
	return from, to
}

// marks checks that exactly the chains that were under way in stops are said to have been disturbed by so much. Others
// that the host disturbed are so, too.
func (m measured) marks(all stops, stop time.Duration) error {
	most := time.Duration(0)
	for _, c := range m.chains {
		within := all.within(&c)
		most = max(most, within)
		if c.Host == nil {
			return fmt.Errorf("what was added to chain %d is not known", c.Index)
		}
		if within > stop/2 && c.Host.All < within.Seconds()-0.03 {
			return fmt.Errorf("%s %d was under way for %v of the stop, and %v s are known: %+v", c.Model, c.Index, within,
				c.Host.All, c.Host)
		}
		if within <= 0 && c.Host.All > stop.Seconds()/2 {
			return fmt.Errorf("%s %d was not under way, and %v s are said to be added", c.Model, c.Index, c.Host.All)
		}
		if c.Disturbed != (c.Host.All > m.Validity.Share*c.Measured.Latency) {
			return fmt.Errorf("%+v", c)
		}
	}
	if most < stop/2 {
		return fmt.Errorf("no chain was under way in %d stops", len(all))
	}
	return nil
}

// hostTries is how often a run is measured again that the host itself disturbed.
const hostTries = 4

// TestAStopMarksTheChainsUnderWay: of the fabric, and of a node that takes part in all chains; and none but them.
func TestAStopMarksTheChainsUnderWay(t *testing.T) {
	const stop = 300 * time.Millisecond
	d := newDisturbed(t, "keep", "[in-edge]")
	fabric, err := userspace.Processes(d.name)
	if err != nil || len(fabric) != 1 {
		t.Fatal(fabric, err)
	}
	node, err := d.bed.Node("cam")
	if err != nil {
		t.Fatal(err)
	}
	for name, pid := range map[string]int{"fabric": fabric[0], "node": node.PID} {
		t.Run(name, func(t *testing.T) {
			testenv.Repeat(t, hostTries, func() error {
				m, all := d.stopping(pid, stop)
				m.says(t, record.Red, "the host may have added")
				return m.marks(all, stop)
			})
		})
	}
	// The controller begins chains, and takes no part in them.
	t.Run("controller", func(t *testing.T) {
		testenv.Repeat(t, hostTries, func() error {
			m := d.run(func() {
				script := fmt.Sprintf("kill -STOP %[1]d; sleep 0.3; kill -CONT %[1]d", os.Getpid())
				if out, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
			for _, c := range m.chains {
				if c.Host == nil || c.Host.All > 0.8*stop.Seconds() {
					return fmt.Errorf("%s %d: %+v", c.Model, c.Index, c.Host)
				}
			}
			return nil
		})
	})
}

// TestRepeatsAreOfWhatWasDisturbed: a stop costs an attempt, not the result.
func TestRepeatsAreOfWhatWasDisturbed(t *testing.T) {
	d := newDisturbed(t, "repeat", "[in-edge]")
	fabric, err := userspace.Processes(d.name)
	if err != nil || len(fabric) != 1 {
		t.Fatal(fabric, err)
	}
	m, _ := d.stopping(fabric[0], 300*time.Millisecond)
	repeated, disturbed := 0, 0
	for _, c := range m.chains {
		if c.Superseded {
			repeated++
			if !c.Disturbed {
				t.Errorf("%s %d was repeated for nothing: %+v", c.Model, c.Index, c.Host)
			}
		} else if c.Disturbed {
			disturbed++
		}
	}
	v := m.Validity
	if repeated == 0 || repeated != v.Repeated || disturbed != v.Disturbed || v.Verdict == record.Green {
		t.Errorf("%d repeated, %d disturbed: %+v", repeated, disturbed, v)
	}
}

// TestOthersAreNamed: what changes or loads the network while it is measured is in the verdict, with its origin.
func TestOthersAreNamed(t *testing.T) {
	d := newDisturbed(t, "keep", "[in-edge]")
	t.Run("link", func(t *testing.T) {
		m := d.run(func() {
			slower, err := scenario.ParseProperties([]string{"delay=30ms"})
			if err == nil {
				err = d.bed.SetLinks(t.Context(), "testbed link set wifi", []string{"wifi"}, slower)
			}
			if err != nil {
				t.Error(err)
			}
		})
		m.says(t, record.Red, "the network was changed while it was measured, first by testbed link set wifi")
		if err := d.bed.ResetLinks(t.Context(), "the test", []string{"wifi"}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("verify", func(t *testing.T) {
		m := d.run(func() {
			few := verify.Options{PerClass: 1, Pings: 20, Only: "rtt"}
			if _, err := d.bed.Verify(t.Context(), "testbed verify", few); err != nil {
				t.Error(err)
			}
		})
		m.says(t, record.Red, "first by testbed verify")
	})
	t.Run("a second replay", func(t *testing.T) {
		var second error
		d.run(func() {
			_, second = d.bed.Run(t.Context(), run.Config{Results: filepath.Join(d.dir, "second")})
		})
		if !errors.Is(second, orchestrator.ErrBusy) || !strings.Contains(second.Error(), d.name) {
			t.Errorf("a second replay: %v", second)
		}
	})
}

// TestAFloodIsSeen: packets that nobody asked for, as fast as a node can send them.
func TestAFloodIsSeen(t *testing.T) {
	d := newDisturbed(t, "keep", "[in-edge]")
	node, err := d.bed.Node("nuc")
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.bed.Scenario()
	if err != nil {
		t.Fatal(err)
	}
	server, ok := e.Topology.Lookup("server")
	if !ok {
		t.Fatal("no server")
	}
	var conn net.Conn
	if err := netns.Do(netns.Ref{Path: node.NetNS}, func() (err error) {
		conn, err = net.Dial("udp", net.JoinHostPort(d.bed.Address(server).String(), "9"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var over atomic.Bool
	packet := bytes.Repeat([]byte("x"), 64)
	var all sync.WaitGroup
	m := d.run(func() {
		for range 2 {
			all.Go(func() {
				for !over.Load() {
					_, _ = conn.Write(packet) // refused now and then, for nobody listens
				}
			})
		}
		time.Sleep(2 * time.Second)
		over.Store(true)
	})
	all.Wait()
	if m.Validity.Verdict != record.Red || m.Validity.Fabric == nil || m.Validity.Fabric.Lost == 0 {
		t.Errorf("%s, %q, %+v", m.Validity.Verdict, m.Validity.Reasons, m.Validity.Fabric)
	}
}

// TestHogsOnEachCore: with a loop without end on each processor, with many, and with some that come before everything
// else for most of the time, the means are those of before, or the run is red and says that the host may be why.
func TestHogsOnEachCore(t *testing.T) {
	d := newDisturbed(t, "repeat", "[in-function, in-edge]")
	quiet := d.run(nil)
	if quiet.Validity.Verdict == record.Red {
		t.Logf("disturbed already: %q", quiet.Validity.Reasons)
	}
	before := quiet.means()
	const loop = "while :; do :; done"
	const bursts = "while :; do i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done; sleep 0.01; done"
	for _, more := range []struct {
		count   int // for each processor, in addition
		command []string
	}{
		{1, []string{"sh", "-c", loop}}, {11, []string{"sh", "-c", loop}},
		{1, []string{"chrt", "-f", "50", "sh", "-c", bursts}},
	} {
		if more.count > 1 && !testenv.QuietMachine() {
			continue // half a minute, under make fidelity
		}
		hogs(t, more.count*runtime.NumCPU(), more.command...)
		beside := d.run(nil)
		v, means := beside.Validity, beside.means()
		t.Logf("beside %d %q a processor: %s, %q, added %v, means %v", more.count, more.command, v.Verdict, v.Reasons,
			v.Added, means)
		if v.Verdict == record.Red {
			beside.says(t, record.Red, "the host")
			continue
		}
		for model, mean := range means {
			if off := math.Abs(mean/before[model] - 1); off > 0.03 && quiet.Validity.Verdict != record.Red {
				t.Errorf("%s: %.4f s beside loops, %.4f before: %.2g %%; %+v", model, mean, before[model], 100*off, v)
			}
		}
	}
}

// hogs start a command so often, each time in a session of its own, for the kernel shares its time between sessions.
// They end with the test.
func hogs(t *testing.T, count int, command ...string) {
	t.Helper()
	for range count {
		c := exec.Command(command[0], command[1:]...)
		c.SysProcAttr = &unix.SysProcAttr{Setsid: true}
		testenv.StartTied(t, c)
	}
}

// TestReplaysAgree: five on one testbed (two where the machine is not quiet), each model, within 1 % of each other's
// means on a quiet machine.
func TestReplaysAgree(t *testing.T) {
	models := "[in-function, in-edge]"
	if testenv.QuietMachine() {
		models = "[external, in-edge, in-function, in-client]"
	}
	d := newDisturbed(t, "repeat", models)
	limit := testenv.OnQuietMachine(0.01, 0.05)
	least, most := map[string]float64{}, map[string]float64{}
	for i := range int(testenv.OnQuietMachine(5, 2)) {
		m := d.run(nil)
		if m.Validity.Verdict == record.Red {
			t.Logf("replay %d is red, and says so: %q", i, m.Validity.Reasons)
			continue
		}
		for model, mean := range m.means() {
			if least[model] == 0 {
				least[model] = mean
			}
			least[model], most[model] = min(least[model], mean), max(most[model], mean)
		}
	}
	for model := range least {
		if most[model]/least[model]-1 > limit {
			t.Errorf("%s: means from %.4f to %.4f s", model, least[model], most[model])
		}
	}
}
