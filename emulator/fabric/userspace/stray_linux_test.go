package userspace

import (
	"context"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
)

// TestOthersAreNoFabricProcess: whoever only calls himself one is neither listed nor ended.
func TestOthersAreNoFabricProcess(t *testing.T) {
	testenv.Privileged(t)
	for name, attr := range map[string]*syscall.SysProcAttr{
		"another user's": {Credential: &syscall.Credential{Uid: 65534, Gid: 65534}},
		"another user's, root in a user namespace": {Cloneflags: unix.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: 65534, Size: 1}}},
		"root's, another program": {},
	} {
		const testbed = "tb-stranger"
		cmd := exec.Command("/bin/sh")
		cmd.Args = []string{ProcessName, "-c", "sleep 600; :", testbed, "/tmp/x"}
		cmd.Dir, cmd.SysProcAttr = "/", attr
		testenv.StartTied(t, cmd)
		begun := func() bool {
			line := proc.CommandLineOf(cmd.Process.Pid)
			return len(line) > 0 && line[0] == ProcessName
		}
		testenv.Eventually(t, name+": starts", begun)
		if found, err := Processes(testbed); err != nil || len(found) > 0 {
			t.Errorf("%s: listed as %v, %v", name, found, err)
		}
		if names, err := Testbeds(); err != nil || slices.Contains(names, testbed) {
			t.Errorf("%s: a testbed of %q, %v", name, names, err)
		}
		f := New(t.TempDir(), testbed, program.At(""))
		if err := f.Close(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if p, err := proc.Open(cmd.Process.Pid); err != nil {
			t.Errorf("%s: it was ended: %v", name, err)
		} else {
			p.Close()
		}
	}
}
