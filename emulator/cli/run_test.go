package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/compare"
	"testbed/emulator/internal/fake"
	"testbed/emulator/live"
	"testbed/emulator/orchestrator"
	"testbed/emulator/record"
)

// long is the small scenario with so many chains, and so long between them, that it does not end by itself while a
// test looks at it.
func (l *bench) long() string {
	text, err := os.ReadFile(l.tiny)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.file("long.yaml", strings.NewReplacer("jobs: 30", "jobs: 9000", "  jobs: 2\n", "  jobs: 3000\n",
		"replay: {", "replay: {arrival: {kind: poisson, rate: 5/s}, ").Replace(string(text)))
}

// results is where runs are recorded.
func (l *bench) results() string { return filepath.Join(l.dir, "results") }

// onlyRun is the directory of the one run there is, and its manifest.
func (l *bench) onlyRun() (string, *record.Manifest) {
	l.t.Helper()
	all, err := filepath.Glob(filepath.Join(l.results(), "*"))
	if err != nil || len(all) != 1 {
		l.t.Fatalf("runs: %v, %v", all, err)
	}
	m, err := record.ReadManifest(all[0])
	if err != nil {
		l.t.Fatal(err)
	}
	return all[0], m
}

// chains says whether chains of the run on the testbed have come to their end.
func (l *bench) chains() bool {
	status, err := live.Read(filepath.Join(l.host.Store.Dir("tiny"), "live.json"))
	return err == nil && status.Done > 0
}

func TestRun(t *testing.T) {
	t.Parallel()
	l := newBench(t)
	got := l.want(ExitOK, "Results: "+l.results(), "run", l.tiny, "-o", l.results(), "--verify=false")
	l.nothingLeft()
	dir, m := l.onlyRun()
	if m.Exit != record.OK || m.Testbed != "tiny" || len(m.Queues) == 0 || m.Version != "test" {
		t.Errorf("manifest %+v", m)
	}
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil || !strings.Contains(got.stdout, "Report: ") {
		t.Errorf("the report: %v", err)
	}
	// One line for each phase, in this order, and none twice.
	at := -1
	for _, phase := range []string{
		"starting 3 nodes (process)", "joining 3 nodes by 3 links (userspace)", "measuring an empty function",
		"predicting", "replaying in-function: ", "replaying in-client: ", "making the report",
	} {
		next := strings.Index(got.stderr, "s  "+phase)
		if next <= at || strings.Count(got.stderr, phase) != 1 {
			t.Errorf("phase %q is not said once and in its turn:\n%s", phase, got.stderr)
		}
		at = next
	}
	l.want(ExitOK, "", "compare", dir)
	l.want(ExitOK, "note: not written: images, addresses and routes of hosts", "export", dir)
	// A run is made again from its directory, wherever that and the scenario are by now.
	moved := filepath.Join(l.dir, "moved")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(l.tiny); err != nil {
		t.Fatal(err)
	}
	l.want(ExitOK, "3 hosts", "validate", moved)
	l.want(ExitOK, "in-client", "simulate", moved)
	l.want(ExitOK, "Results: ", "run", moved, "-o", l.results(), "--verify=false", "--report=false")
	_, again := l.onlyRun()
	if again.Exit != record.OK || again.Seed != m.Seed || again.Models[0] != m.Models[0] {
		t.Errorf("made again: %+v, was %+v", again, m)
	}
}

func TestRunPrintsJSONThatNamesItsDirectory(t *testing.T) {
	l := newBench(t)
	got := l.want(ExitOK, "", "run", l.tiny, "-o", l.results(), "--verify=false", "--report=false", "-f", "json", "-q")
	if got.stderr != "" {
		t.Errorf("--quiet: %s", got.stderr)
	}
	var c compare.Comparison
	dir, _ := l.onlyRun()
	if err := json.Unmarshal([]byte(got.stdout), &c); err != nil || len(c.Runs) != 1 || c.Runs[0].Directory != dir {
		t.Errorf("%v in %s", err, got.stdout)
	}
}

// TestANetworkThatWasChangedBeforeTheRun is what is predicted and recorded, and said; where hosts were cut off, that is
// the verdict.
func TestANetworkThatWasChangedBeforeTheRun(t *testing.T) {
	t.Parallel()
	l := newBench(t).up()
	l.want(ExitOK, "", "link", "set", "wifi", "delay=7ms")
	replay := []string{"replay", "-o", l.results()}
	l.want(ExitOK, "wifi (from cam): delay 7ms, was 2ms", replay...)
	dir, m := l.onlyRun()
	if m.Changed == nil || len(m.Changed.What) == 0 || len(m.Changed.By) != 1 || len(m.Events) != 0 ||
		!strings.HasPrefix(m.Changed.By[0], "testbed link set wifi delay=7ms (process ") {
		t.Errorf("%+v, %+v", m.Changed, m.Events)
	}
	graph, err := record.ReadTopology(dir)
	if err != nil {
		t.Fatal(err)
	}
	wifi, _ := graph.Lookup("wifi")
	if d := graph.Vertices[wifi].Shape[0].Delay; d != 7*time.Millisecond {
		t.Errorf("%s has a delay of %v", record.TopologyFile, d)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil || !strings.Contains(string(page), "delay 7ms, was 2ms") {
		t.Errorf("the report says nothing of it: %v", err)
	}
	// Who prepares a network by applying a scenario has changed nothing.
	l.want(ExitOK, "", "apply", l.tiny)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	l.want(ExitOK, "Results: ", replay...).mustNot(t, "Network: ")
	dir, m = l.onlyRun()
	if m.Changed != nil {
		t.Errorf("%+v", m.Changed)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	l.want(ExitOK, "", "link", "down", "lan2")
	l.want(ExitCheck, "link lan2 is down (testbed link down lan2", replay...)
	if _, m := l.onlyRun(); m.Validity.Verdict != record.Red || len(m.Changed.Silent) != 1 {
		t.Errorf("%+v, %+v", m.Changed, m.Validity)
	}
}

func TestReplayAndItsChecks(t *testing.T) {
	t.Parallel()
	l := newBench(t).up()
	l.want(ExitOK, "Results: ", "replay", "-o", l.results(), "--report=false")
	dir, _ := l.onlyRun()
	l.want(ExitCheck, "error.median",
		"replay", "-o", l.results(), "--report=false", "--fail-if", "transport:error.median > -1%")
	l.want(ExitUsage, "did not tell of its lateness",
		"replay", "-o", l.results(), "--report=false", "--fail-if", "host.late.p99 > 0.2ms")
	l.want(ExitCheck, "host.disturbed < 1 (it is 0)", "compare", dir, "--fail-if", "host.disturbed < 1")
	l.want(ExitUsage, "--fail-if", "replay", "--fail-if", "nonsense")
	l.want(ExitUsage, "quantity", "replay", "--quantity", "noise")
	l.want(ExitOK, "In which steps", "compare", dir, "--steps")
	l.want(ExitFailure, "not exist", "report", dir, "-o", filepath.Join(l.dir, "none", "page.html"))
	l.want(ExitCheck, "Links: 0 of 6", "replay", "-o", l.results(), "--verify", "--report=false")
}

// What ends a run in its midst, and what is said of it.
func TestARunThatEndsEarly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(l *bench, run *started)
		code int
		says string
		exit string
		left bool
	}{
		"Ctrl-C": {
			func(_ *bench, run *started) { run.interrupt() },
			ExitInterrupted, "interrupted", record.Interrupted, true,
		},
		"a node dies": {
			func(l *bench, _ *started) { l.Kill("tiny", "nuc") },
			ExitFailure, "node nuc of testbed tiny has died", record.Failed, true,
		},
		"the fabric dies": {
			func(l *bench, _ *started) { l.KillFabric("tiny") },
			ExitFailure, "nothing carries the network", record.Failed, true,
		},
		"the testbed is taken down": {
			func(l *bench, _ *started) { l.want(ExitOK, "", "down") },
			ExitFailure, "was taken down", record.Failed, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newBench(t)
			l.want(ExitOK, "", "up", l.long())
			run := l.start("replay", "-o", l.results(), "--report=false")
			l.until(run, l.chains)
			c.end(l, run)
			got := l.end(run)
			if got.code != c.code || !strings.Contains(got.stderr, c.says) {
				t.Errorf("exit %d, want %d and %q: %s", got.code, c.code, c.says, got.stderr)
			}
			if _, m := l.onlyRun(); m.Exit != c.exit || m.End.IsZero() || m.Samples.Written == 0 {
				t.Errorf("manifest %+v", m)
			}
			if _, said, _ := strings.Cut(got.stderr, "\ntestbed: "); said == "" || strings.Contains(said, "context canceled") {
				t.Errorf("it speaks as programmers do: %s", got.stderr)
			}
			if !c.left {
				l.nothingLeft() // and nothing is made again
			}
			l.want(ExitOK, "", "down")
			l.nothingLeft()
		})
	}
}

// An interrupt, in whatever phase, leaves nothing.
func TestInterruptsOfRun(t *testing.T) {
	t.Parallel()
	for _, phase := range []string{
		"starting 3 nodes", "joining 3 nodes", "measuring an empty function", "replaying in-function",
	} {
		t.Run(phase, func(t *testing.T) {
			l := newBench(t)
			run := l.start("run", l.long(), "-o", l.results(), "--report=false", "--verify=false")
			l.until(run, func() bool { return strings.Contains(run.stderr.String(), phase) })
			run.interrupt()
			if got := l.end(run); got.code != ExitInterrupted {
				t.Errorf("exit %d: %s", got.code, got.stderr)
			}
			l.nothingLeft()
		})
	}
}

func TestASecondRunAndChangesBeneathOne(t *testing.T) {
	t.Parallel()
	l := newBench(t)
	long := l.long()
	l.want(ExitOK, "", "up", long)
	run := l.start("replay", "-o", l.results(), "--report=false")
	l.until(run, l.chains)
	dir, _ := l.onlyRun()
	l.want(ExitFailure, filepath.Base(dir), "replay", "-o", l.results())
	l.want(ExitOK, filepath.Base(dir), "ls")
	l.want(ExitOK, "", "link", "set", "wifi", "rate=30Mbps")
	l.want(ExitOK, "", "apply", long) // links only
	l.want(ExitOK, "", "verify", "--only", "rtt", "--rtt-error", "1s", "--rtt-tail", "1s")
	text, err := os.ReadFile(long)
	if err != nil {
		t.Fatal(err)
	}
	smaller := l.file("smaller.yaml", strings.Replace(string(text), "16GiB, cpu: 4", "8GiB, cpu: 4", 1))
	if got := l.do("apply", smaller); got.code != ExitFailure || !strings.Contains(got.stderr, filepath.Base(dir)) {
		t.Errorf("apply beneath a run: exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
	run.interrupt()
	l.end(run)
	_, m := l.onlyRun()
	changes := 0
	for _, e := range m.Events {
		if e.Origin == "" {
			continue
		}
		changes++
		if !strings.HasPrefix(e.Origin, "testbed ") || e.Time.Before(m.Start) || e.Time.After(m.End) || e.Revision == 0 {
			t.Errorf("change %+v", e)
		}
		if changes == 1 && (!strings.HasPrefix(e.Origin, "testbed link set wifi rate=30Mbps (process ") ||
			!strings.Contains(strings.Join(e.What, "\n"), "rate 30Mbps, was 50Mbps")) {
			t.Errorf("change %+v", e)
		}
	}
	if changes != 3 || m.Events[len(m.Events)-1].Load != "traffic" {
		t.Errorf("%d changes in %+v, want those of link set, apply and verify", changes, m.Events)
	}
	if v := m.Validity; v == nil || v.Verdict != record.Red || len(v.Others) != 3 {
		t.Errorf("validity %+v", v)
	}
}

func TestRunsThatCannotBegin(t *testing.T) {
	l := newBench(t)
	l.Fail(fake.Start, errPlanted)
	l.want(ExitFailure, "planted", "run", l.tiny, "-o", l.results())
	l.Fail(fake.Start, nil)
	l.nothingLeft()
	l.want(ExitFailure, "not a directory", "run", l.tiny, "-o", filepath.Join(l.tiny, "x"))
	l.nothingLeft()
	l.want(ExitUsage, "InfluxDB", "run", l.tiny, "--influx-required")
	l.want(ExitUsage, "one argument", "run")
	l.want(ExitUsage, "URL", "run", l.tiny, "--influx-url", "ftp://x", "--influx-bucket", "b")
	l.want(ExitOK, "", "run", l.tiny, "--keep", "-o", l.results(), "--verify=false", "--report=false")
	if l.Empty() {
		t.Error("--keep keeps nothing")
	}
	l.Fail(fake.Inspect, errPlanted)
	l.want(ExitFailure, "planted", "replay", "-o", l.results(), "--report=false")
	l.Fail(fake.Inspect, nil)
	l.want(ExitFailure, "not running", "replay", "--name", "other")
	if _, err := l.host.Open(t.Context(), "tiny"); err != nil || orchestrator.CheckName("tiny") != nil {
		t.Error(err)
	}
}

// What a run leaves is no success of the command, though all was measured.
func TestARunThatLeavesSomething(t *testing.T) {
	l := newBench(t)
	l.Fail(fake.Stop, errPlanted)
	got := l.want(ExitFailure, "planted", "run", l.tiny, "-o", l.results(), "--verify=false", "--report=false")
	if !strings.Contains(got.stderr, "`testbed down --name tiny` finishes") {
		t.Errorf("%s", got.stderr)
	}
	if _, m := l.onlyRun(); m.Exit != record.OK {
		t.Errorf("the run: %q, %s", m.Exit, m.Error)
	}
	l.Fail(fake.Stop, nil)
	l.want(ExitOK, "", "down")
	l.nothingLeft()
}
