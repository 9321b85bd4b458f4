package userspace

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// inPlace checks that all stations are attached as wanted and reach the first.
func inPlace(t *testing.T, b *fabrictest.Bench, f *Fabric, when string) {
	t.Helper()
	all := stations(t, f)
	first := b.Stations[0]
	for i, st := range b.Stations {
		name := b.Topology.Vertices[st.ID].Name
		if s := all[name]; !s.Attached || s.Note != "" {
			t.Errorf("%s: %s: %+v", when, name, s)
		}
		if i > 0 && !answers(t, st, first) {
			t.Errorf("%s: %s does not reach the first station", when, name)
		}
	}
}

// TestStationsChangePlaces: two of them change namespaces, one gets another address, and one that is new takes the
// namespace of one that goes.
func TestStationsChangePlaces(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 4, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	inPlace(t, b, f, "at first")
	one, two := &b.Stations[1], &b.Stations[2]
	one.NetNS, two.NetNS = two.NetNS, one.NetNS
	b.Apply(f)
	inPlace(t, b, f, "with changed namespaces")
	two.Addr = netip.MustParsePrefix("10.77.9.9/16")
	b.Apply(f)
	inPlace(t, b, f, "with another address")
	free := b.Stations[3].NetNS
	b.Remove("h3", "h3-hub")
	b.Hosts("new")
	b.Cable("new", "hub", topology.Shape{Rate: units.Gbps}, topology.Shape{})
	b.Stations[3].NetNS = free
	b.Apply(f)
	inPlace(t, b, f, "with a new one in an old place")
}

// TestDeviceLeftUnderAnotherNameIsNoRival: a process's end leaves devices, and somebody renames one before the next.
func TestDeviceLeftUnderAnotherNameIsNoRival(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 2, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	if err := f.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := netns.Do(b.Stations[1].NetNS, func() error {
		sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(sock)
		return errors.Join(renameTo(sock, fabric.Interface, "tb-left"), setFlags(sock, "tb-left", upFlags))
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Apply(f)
	inPlace(t, b, f, "made anew")
	err = netns.Do(b.Stations[1].NetNS, func() error {
		if names := devices(); slices.Contains(names, "tb-left") {
			t.Errorf("left: %q", names)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestDeadNodeIsAbsent: the namespace of a process that has ended, which its number does not lead to any more, though
// the fabric's own hold on the device keeps it.
func TestDeadNodeIsAbsent(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 3, topology.Shape{})
	node := exec.Command("/bin/sleep", "600")
	node.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	testenv.StartTied(t, node)
	ended := false
	end := func() {
		if !ended {
			ended = true
			_, _ = node.Process.Kill(), node.Wait()
		}
	}
	defer end()
	p, err := proc.Open(node.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	inode, err := p.NamespaceID("net")
	if err != nil {
		t.Fatal(err)
	}
	free := b.Stations[2].NetNS
	b.Stations[2].NetNS = netns.Ref{Path: fmt.Sprintf("/proc/%d/ns/net", node.Process.Pid), Start: p.Start, Inode: inode}
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	inPlace(t, b, f, "alive")
	end()
	b.Shape("h0-hub", 0, topology.Shape{Rate: units.Gbps})
	var absent *fabric.AbsentError
	if err := f.Apply(t.Context(), b.Network); !errors.As(err, &absent) || !slices.Equal(absent.Stations, []string{"h2"}) {
		t.Errorf("dead: %v", err)
	}
	if s := stations(t, f)["h2"]; s.Attached || s.Note == "" {
		t.Errorf("dead: %+v", s)
	}
	if !answers(t, b.Stations[1], b.Stations[0]) {
		t.Error("the others do not answer")
	}
	b.Stations[2].NetNS = free
	b.Apply(f)
	inPlace(t, b, f, "in another namespace")
	for what, err := range map[string]error{
		"a missing file": os.ErrNotExist, "another namespace": netns.ErrOther,
		"an ended process": proc.ErrGone, "its files": unix.ESRCH,
	} {
		if !isAbsent(err) {
			t.Errorf("%s is not taken for absence", what)
		}
	}
	if isAbsent(unix.EMFILE) || isAbsent(nil) {
		t.Error("what is no absence is taken for one")
	}
}
