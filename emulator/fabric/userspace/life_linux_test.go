package userspace

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// wheel is a star of n hosts.
func wheel(t testing.TB, n int, shape topology.Shape) *fabrictest.Bench {
	b := fabrictest.NewBench(t)
	b.Switch("hub")
	for i := range n {
		name := fmt.Sprintf("h%d", i)
		b.Hosts(name)
		b.Cable(name, "hub", shape, shape)
	}
	return b
}

func TestEightyOneStations(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 81, topology.Shape{Rate: units.Gbps})
	f := newFabric(t, b.Testbed)
	took := b.Apply(f)
	b.Answer("h0", "h80", 5)
	begin := time.Now()
	if err := f.Close(t.Context()); err != nil {
		t.Error(err)
	}
	t.Logf("up %v, down %v", took, time.Since(begin))
	if left, err := Processes(b.Testbed); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestKilledProcessIsReplaced(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 2, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	pids, err := Processes(b.Testbed)
	if err != nil || len(pids) != 1 {
		t.Fatalf("processes %v, %v", pids, err)
	}
	if err := unix.Kill(pids[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	b.Apply(f)
	b.Answer("h0", "h1", 3)
	if got, err := Processes(b.Testbed); err != nil || len(got) != 1 || got[0] == pids[0] {
		t.Errorf("processes %v, %v", got, err)
	}
	// A client that lost the state directory still ends it.
	if err := New(t.TempDir(), b.Testbed, program.At("")).Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got, err := Processes(b.Testbed); err != nil || len(got) != 0 {
		t.Errorf("left %v, %v", got, err)
	}
}

// A parent that dies after the network was made and before it confirms takes the process with it.
func TestProcessEndsWithUnconfirmedParent(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 2, topology.Shape{})
	b.Queues = b.Topology.QueueLimits()
	var network bytes.Buffer
	if err := b.Encode(&network); err != nil {
		t.Fatal(err)
	}
	self, _ := os.Executable()
	for _, answered := range []bool{false, true} {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		mine, theirs := os.NewFile(uintptr(pair[0]), "mine"), os.NewFile(uintptr(pair[1]), "theirs")
		cmd := exec.Command(self)
		dir := t.TempDir()
		cmd.Args = []string{ProcessName, hidden, b.Testbed, dir}
		cmd.ExtraFiles = []*os.File{theirs}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_ = theirs.Close()
		conn, err := net.FileConn(mine)
		_ = mine.Close()
		if err != nil {
			t.Fatal(err)
		}
		if answered {
			ctx, cancel := context.WithTimeout(t.Context(), testenv.Patience)
			_, err = newClientConn(conn).ask(ctx, request{Op: opApply, Network: network.Bytes()})
			cancel()
		} else {
			err = gob.NewEncoder(conn).Encode(request{Op: opApply, Network: network.Bytes()})
		}
		if err != nil {
			t.Error(err)
		}
		_ = conn.Close()
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(testenv.Patience):
			t.Errorf("answered %v: the process lives on", answered)
			_ = cmd.Process.Kill()
		}
		if _, err := os.Stat(filepath.Join(dir, socketName)); err == nil {
			t.Errorf("answered %v: the socket is left", answered)
		}
	}
}

func TestMainNeedsArguments(t *testing.T) {
	if got := Main(nil); got != 2 {
		t.Errorf("exit code %d, want 2", got)
	}
}
