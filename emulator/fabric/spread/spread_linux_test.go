package spread

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines"
	"testbed/emulator/topology"
)

// TestConformance: a network over two machines is one like any other; its delays and rates, which are those of the
// fabrics' on the machines, are measured on a quiet machine.
func TestConformance(t *testing.T) {
	beds := map[string]*bed{}
	base := t.TempDir()
	promises := fabrictest.Behaviour
	if testenv.QuietMachine() {
		promises = fabrictest.Run
	}
	promises(t, func(t *testing.T, testbed string) fabric.Fabric {
		b := beds[testbed]
		if b == nil {
			dir := filepath.Join(base, testbed)
			b = newBed(testbed, dir, newLocal(filepath.Join(dir, "0")), newLocal(filepath.Join(dir, "1")))
			beds[testbed] = b
		}
		f := b.fabric()
		t.Cleanup(func() {
			logs, _ := filepath.Glob(filepath.Join(base, testbed, "*", testbed, partDir+"*", "fabric.log"))
			for _, path := range logs {
				if log, err := os.ReadFile(path); err == nil && (t.Failed() || strings.Contains(string(log), "DATA RACE")) {
					t.Errorf("%s:\n%s", path, log)
				}
			}
			if err := f.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return f
	})
}

// across is a network of the hosts a and b, on a machine each, and c beside a.
func across(t *testing.T) *fabrictest.Bench {
	t.Helper()
	testenv.Privileged(t)
	b := fabrictest.NewBench(t)
	b.Hosts("a", "b", "c")
	b.Switch("s")
	line := topology.Shape{Delay: 2 * time.Millisecond}
	b.Cable("a", "s", topology.Shape{}, topology.Shape{})
	b.Cable("c", "s", topology.Shape{}, topology.Shape{})
	b.Cable("s", "b", line, line)
	b.Queues = b.Topology.QueueLimits()
	return b
}

// reaches checks that an echo goes there and back.
func reaches(t *testing.T, b *fabrictest.Bench, from, to string) {
	t.Helper()
	b.Answer(from, to, 3)
}

// none checks that no process carries anything of the testbed, and that it left no file.
func none(t *testing.T, testbed string, dirs ...string) {
	t.Helper()
	if left, err := userspace.Processes(testbed); err != nil || len(left) > 0 {
		t.Errorf("processes left: %v, %v", left, err)
	}
	for _, dir := range dirs {
		left, _ := filepath.Glob(filepath.Join(dir, "*"))
		if len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	}
}

// TestOneMachineThatCannot: where one of them fails, none has the network, and the error names it.
func TestOneMachineThatCannot(t *testing.T) {
	n := across(t)
	dirs := []string{t.TempDir(), t.TempDir()}
	b := newBed(n.Testbed, t.TempDir(), newLocal(dirs[0]), newLocal(dirs[1]))
	f := b.fabric()
	n.Stations[1].Sysctls["net/ipv4/tb_no_such_variable"] = "1" // b's, on machine 0: "b" is even
	if err := f.Apply(t.Context(), n.Network); err == nil || !strings.Contains(err.Error(), "machine machine-0: ") ||
		strings.Contains(err.Error(), "machine-1") {
		t.Errorf("got %v", err)
	}
	none(t, n.Testbed, dirs[0], dirs[1], b.dir)
	delete(n.Stations[1].Sysctls, "net/ipv4/tb_no_such_variable")

	b.agents["id-1"] = gone{}
	err := f.Apply(t.Context(), n.Network)
	if !errors.Is(err, ErrNoAnswer) || !errors.Is(err, errGone) || !strings.Contains(err.Error(), "machine machine-1: ") {
		t.Errorf("got %v", err)
	}
	none(t, n.Testbed, dirs[0], dirs[1])

	b.agents["id-1"] = newLocal(dirs[1])
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	time.AfterFunc(20*time.Millisecond, func() { cancel(enough) })
	for ctx.Err() == nil { // somewhere on the way
		if err = f.Apply(ctx, n.Network); err == nil {
			err = f.Close(t.Context())
		}
	}
	if err != nil && !errors.Is(err, enough) {
		t.Errorf("called off: %v", err)
	}
	if err := f.Close(t.Context()); err != nil {
		t.Error(err)
	}
	none(t, n.Testbed, dirs[0], dirs[1], b.dir)
}

// TestALostAgent: its part ends with it, which is told everywhere; the others' is removed.
func TestALostAgent(t *testing.T) {
	n := across(t)
	dirs := []string{t.TempDir(), t.TempDir()}
	agents := []*process{newProcess(t, dirs[0]), newProcess(t, dirs[1])}
	b := newBed(n.Testbed, t.TempDir(), agents[0], agents[1])
	f := b.fabric()
	if err := f.Apply(t.Context(), n.Network); err != nil {
		t.Fatal(err)
	}
	reaches(t, n, "a", "b")
	watched := make(chan error, 1)
	go func() { watched <- b.fabric().Watch(t.Context()) }()
	silent, cancel := context.WithCancel(t.Context())
	quiet := make(chan error, 1)
	go func() { quiet <- f.Watch(silent) }()
	cancel()
	if err := <-quiet; err != nil {
		t.Errorf("a watch that was called off: %v", err)
	}
	agents[1].kill()
	lost := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), "machine machine-1") ||
			strings.Contains(err.Error(), "machine-0") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := <-watched; !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), "machine machine-1") {
		t.Errorf("watch: %v", err)
	}
	status, err := b.fabric().Inspect(t.Context())
	lost("inspect", err)
	if len(status.Stations) != 1 || status.Stations[0].Name != "b" {
		t.Errorf("of the other machine is told: %+v", status.Stations)
	}
	_, err = f.Health(t.Context(), 0, false)
	lost("health", err)
	lost("apply", f.Apply(t.Context(), n.Network))
	lost("reshape", f.Reshape(t.Context(), n.Network))
	testenv.Eventually(t, "the lost one's process ends with it", func() bool {
		left, err := userspace.Processes(n.Testbed)
		return err == nil && len(left) == 1
	})
	lost("close", f.Close(t.Context()))
	none(t, n.Testbed, dirs[0])
	if left, _ := filepath.Glob(filepath.Join(dirs[1], "*", "*", "*")); len(left) == 0 {
		t.Error("an agent that was killed left nothing, so that nothing is tried")
	}
	if err := Remove(t.Context(), n.Testbed, machines.Machine{ID: "by another name"}, newLocal(dirs[1])); err != nil {
		t.Error(err)
	}
	none(t, n.Testbed, dirs[1])
	// Another agent comes in its place: what it has is nothing, and then everything.
	b.agents["id-1"] = newProcess(t, dirs[1])
	if err := f.Apply(t.Context(), n.Network); err != nil {
		t.Error(err)
	}
	reaches(t, n, "b", "c")
	if err := f.Close(t.Context()); err != nil {
		t.Error(err)
	}
	none(t, n.Testbed, dirs[0], dirs[1], b.dir)
}

// TestAFabricThatBeginsAnew: a machine whose process was killed gets another one, with the key and the addresses that
// the others know, by a value that knows nothing of them. Whoever asks for its health sees that it is another.
func TestAFabricThatBeginsAnew(t *testing.T) {
	n := across(t)
	dirs := []string{t.TempDir(), t.TempDir()}
	b := newBed(n.Testbed, t.TempDir(), newLocal(dirs[0]), newLocal(dirs[1]))
	f := b.fabric()
	t.Cleanup(func() { _ = f.Close(context.Background()) })
	if err := f.Apply(t.Context(), n.Network); err != nil {
		t.Fatal(err)
	}
	before, err := f.Health(t.Context(), 0, false)
	if err != nil {
		t.Fatal(err)
	}
	pids, err := userspace.Processes(n.Testbed)
	if err != nil || len(pids) != 2 {
		t.Fatal(pids, err)
	}
	if err := unix.Kill(pids[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	testenv.Eventually(t, "it is told that a process was killed", func() bool {
		_, err := f.Counters(t.Context())
		return errors.Is(err, fabric.ErrNotRunning)
	})
	if err := b.fabric().Reshape(t.Context(), n.Network); err != nil {
		t.Fatal(err)
	}
	reaches(t, n, "a", "b")
	after, err := f.Health(t.Context(), before.Next, false)
	if err != nil {
		t.Fatal(err)
	}
	if after.From == before.From {
		t.Error("one of the fabrics is another, and nothing tells")
	}
	again, err := f.Health(t.Context(), after.Next, false)
	if err != nil || again.From != after.From {
		t.Errorf("the same fabrics began at %d and at %d, %v", after.From, again.From, err)
	}
}

// TestHealthOfAll: of both machines, and between them in both directions.
func TestHealthOfAll(t *testing.T) {
	n := across(t)
	b := newBed(n.Testbed, t.TempDir(), newLocal(t.TempDir()), newLocal(t.TempDir()))
	f := b.fabric()
	t.Cleanup(func() { _ = f.Close(context.Background()) })
	if err := f.Apply(t.Context(), n.Network); err != nil {
		t.Fatal(err)
	}
	reaches(t, n, "a", "b")
	reaches(t, n, "a", "c")
	if err := f.Connected(t.Context()); err != nil {
		t.Error(err)
	}
	h, err := f.Health(t.Context(), 0, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Parts) != 2 || h.Parts[0].Machine != "machine-0" || h.Parts[0].Ahead != 0 || h.Parts[0].Error != 0 {
		t.Fatalf("%+v", h.Parts)
	}
	if p := h.Parts[1]; p.Machine != "machine-1" || p.Ahead.Abs() > p.Error || p.Error <= 0 || p.Written.Count == 0 {
		t.Errorf("the same clock is ahead by %v, wrong by %v at most", p.Ahead, p.Error)
	}
	if h.Written.Count != h.Parts[0].Written.Count+h.Parts[1].Written.Count || h.Written.Count < 12 {
		t.Errorf("%d packets were written", h.Written.Count)
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	if late := now.Nano() - h.Now; late < -int64(h.Parts[1].Error) || late > int64(time.Minute) || h.From >= h.Now {
		t.Errorf("it is %d ns ago, and began %d ns before", late, h.Now-h.From)
	}
	if len(h.Crossings) != 2 {
		t.Fatalf("%+v", h.Crossings)
	}
	for i, c := range h.Crossings {
		if c.Of != h.Parts[i].Machine || c.Machine != h.Parts[1-i].Machine || !c.Connected || c.Sent < 3 || c.Lost > 0 ||
			c.Received < 3 {
			t.Errorf("%+v", c)
		}
	}
	var names []string
	for _, s := range h.Stations {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != "a b c" {
		t.Errorf("stations %s", got)
	}
}

// TestTheRecordHoldsNoSecret, and nobody else reads it. One that is damaged is told of.
func TestTheRecordHoldsNoSecret(t *testing.T) {
	n := across(t)
	dirs := []string{t.TempDir(), t.TempDir()}
	b := newBed(n.Testbed, t.TempDir(), newLocal(dirs[0]), newLocal(dirs[1]))
	f := b.fabric()
	if err := f.Apply(t.Context(), n.Network); err != nil {
		t.Fatal(err)
	}
	a, err := f.ask(t.Context(), b.list[0], request{Op: opListen})
	if err != nil || !a.Up {
		t.Fatal(err)
	}
	for _, dir := range append(dirs, b.dir) {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v", path, info.Mode())
			}
			data, err := os.ReadFile(path)
			if strings.Contains(string(data), string(a.Key[:])) {
				t.Errorf("%s holds the key", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	path := filepath.Join(b.dir, recordName)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{nil, []byte("{}"), good[:len(good)/2]} {
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Inspect(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("damaged: %v", err)
		}
		if err := f.Close(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("damaged: %v", err)
		}
	}
	if err := f.Apply(t.Context(), n.Network); err != nil { // writes it anew
		t.Error(err)
	}
	if err := f.Close(t.Context()); err != nil {
		t.Error(err)
	}
	none(t, n.Testbed, dirs[0], dirs[1], b.dir)
	if _, err := f.Inspect(t.Context()); !errors.Is(err, fabric.ErrNotRunning) {
		t.Errorf("after Close: %v", err)
	}
}
