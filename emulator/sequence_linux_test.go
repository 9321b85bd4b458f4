package emulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"testbed/emulator"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/fake/fakehost"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
)

// real is this machine, with a store of its own.
type real struct {
	t       *testing.T
	of      *emulator.Host
	restart func(container string) error // nil: nodes cannot be restarted
}

func newReal(t *testing.T) real {
	t.Helper()
	testenv.Privileged(t)
	dir, err := os.MkdirTemp("/run", fmt.Sprintf("tb-seq-%d-", os.Getpid())) // sockets' paths are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h := emulator.NewHostAt(orchestrator.Store(filepath.Join(dir, "s")), filepath.Join(dir, "key"), binary, "test")
	t.Cleanup(func() {
		if err := h.Remove(context.Background(), name, true, nil); err != nil && !errors.Is(err, orchestrator.ErrNotRunning) {
			t.Log(err)
		}
	})
	return real{t: t, of: h}
}

func (w real) host() *emulator.Host { return w.of }

// end kills a process, and waits until what has watched it knows.
func (w real) end(pid int, gone func() bool) error {
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err == nil && !testenv.Holds(gone) {
		err = fmt.Errorf("process %d is killed, and nobody knows", pid)
	}
	return err
}

func (w real) killNode(testbed, name string) error {
	state := func() (noderuntime.State, int) {
		b, err := w.of.Open(w.t.Context(), testbed)
		if err != nil {
			return noderuntime.Dead, 0
		}
		for _, n := range b.Nodes() {
			if n.Name == name {
				return n.State, n.PID
			}
		}
		return noderuntime.Dead, 0
	}
	now, pid := state()
	if now == noderuntime.Dead {
		return errNotHere
	}
	return w.end(pid, func() bool { now, _ := state(); return now == noderuntime.Dead })
}

func (w real) restartNode(testbed, name string) error {
	b, err := w.of.Open(w.t.Context(), testbed)
	if err != nil || w.restart == nil {
		return errors.Join(err, errNotHere)
	}
	for _, n := range b.Journal.Nodes {
		if n.Name == name && n.Container != "" {
			return w.restart(n.Container)
		}
	}
	return errNotHere
}

func (w real) killFabric(testbed string) error {
	pids, err := userspace.Processes(testbed)
	ended := func() bool {
		left, err := userspace.Processes(testbed)
		return err == nil && len(left) == 0
	}
	for _, pid := range pids {
		err = errors.Join(err, w.end(pid, ended))
	}
	return err
}

// tamper spoils a node's interface from inside.
func (w real) tamper(testbed string, r *rand.Rand) {
	b, err := w.of.Open(w.t.Context(), testbed)
	if err != nil {
		return
	}
	node, err := b.Node(b.Journal.Nodes[r.IntN(len(b.Journal.Nodes))].Name)
	if err != nil {
		return
	}
	commands := [][]string{
		{"ip", "link", "set", "eth0", "down"}, {"ip", "address", "flush", "dev", "eth0"},
		{"ip", "link", "set", "eth0", "mtu", "900"},
	}
	var out bytes.Buffer
	streams := noderuntime.Stdio{In: &out, Out: &out, Err: &out}
	_, _ = b.Runtime.Exec(w.t.Context(), node, commands[r.IntN(len(commands))], streams)
}

func (w real) fail(*rand.Rand) string { return "nothing can be made to fail here" }
func (w real) lift()                  {}

func (w real) left() error {
	if entries, err := os.ReadDir(string(w.of.Store)); !errors.Is(err, os.ErrNotExist) {
		return errors.Join(fmt.Errorf("the record is left: %v", entries), err)
	}
	names, err := w.of.All(w.t.Context())
	for _, n := range names {
		if n == name {
			return fmt.Errorf("something of %s is left", name)
		}
	}
	return err
}

// The same on processes, namespaces and the userspace fabric.
func TestRandomSequencesOnThisHost(t *testing.T) {
	testenv.Privileged(t)
	count := 50
	if *sequences > 0 {
		count = *sequences
	}
	scenarios := variants(t, "runtime: process\nfabric: userspace\n"+fakehost.Scenario)
	for i := range uint64(count) {
		seed := *firstSeed + i
		t.Run(fmt.Sprint(seed), func(t *testing.T) { play(t, newReal(t), scenarios, seed, 10) })
	}
}

// A few on containers of an engine of the test's own, which are restarted besides.
func TestRandomSequencesOnDocker(t *testing.T) {
	engine := testenv.NewPrivateEngine(t)
	t.Setenv("DOCKER_HOST", engine.Host)
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	scenarios := variants(t, "runtime: docker\nfabric: userspace\n"+fakehost.Scenario)
	for i := range uint64(6) {
		seed := *firstSeed + i
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newReal(t)
			w.restart = func(id string) error {
				return api.ContainerRestart(t.Context(), id, container.StopOptions{Timeout: new(int)})
			}
			play(t, w, scenarios, seed, 10)
		})
	}
}
