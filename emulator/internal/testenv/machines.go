package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Machines are those of scripts/machines.
type Machines struct {
	Dir   string
	Count int
}

// machinesEnv is where scripts/machines says where its machines are, and machinesTried tells a test binary that it runs
// under that already.
const (
	machinesEnv   = "MACHINES"
	machinesTried = "TB_MACHINES_TRIED"
)

// MachinesScript is the path of scripts/machines.
func MachinesScript() string { return script("machines") }

// NewMachines returns the machines that tests use. Where there are none, the test is skipped with the reason, or fails
// where CI demands all privileges.
func NewMachines(t testing.TB) Machines {
	t.Helper()
	Privileged(t)
	m := Machines{Dir: os.Getenv(machinesEnv)}
	count, err := os.ReadFile(filepath.Join(m.Dir, "count"))
	if err == nil {
		m.Count, err = strconv.Atoi(strings.TrimSpace(string(count)))
	}
	if m.Dir == "" || err != nil {
		Missing(t, "there are no machines: run the tests under `scripts/machines run 3`, which needs dockerd (docker.io)")
	}
	return m
}

// Shared is a directory that all machines have under the same path, also what is mounted there.
func (m Machines) Shared() string { return filepath.Join(m.Dir, "shared") }

// Engine is the address of a machine's engine; machines are counted from 1.
func (m Machines) Engine(n int) string { return "unix://" + m.Socket(n) }

// Socket is the path of its socket.
func (m Machines) Socket(n int) string { return filepath.Join(m.Dir, strconv.Itoa(n), "docker.sock") }

// Do has scripts/machines do something with the machines: swarm, or kill or start one.
func (m Machines) Do(t testing.TB, what string, machine ...string) {
	t.Helper()
	args := append([]string{what, m.Dir}, machine...)
	if out, err := exec.Command(MachinesScript(), args...).CombinedOutput(); err != nil {
		t.Fatalf("scripts/machines %v: %v: %s", args, err, out)
	}
}

// UnderMachines is called by a TestMain whose tests need three machines. Where there are none and they can be made, the
// test binary is run anew under scripts/machines, which ends them however the tests end. Temporary files are then
// where all machines have them.
func UnderMachines() {
	if dir := os.Getenv(machinesEnv); dir != "" {
		_ = os.Setenv("TMPDIR", filepath.Join(dir, "shared"))
		return
	}
	if os.Getenv(Unprivileged) == "1" || os.Geteuid() != 0 || os.Getenv(machinesTried) != "" {
		return
	}
	if _, err := exec.LookPath("dockerd"); err != nil || strings.Contains(strings.Join(os.Args, " "), "-test.list") {
		return
	}
	self, err := os.Executable()
	if err == nil {
		path := MachinesScript()
		err = syscall.Exec(path, append([]string{path, "run", "3", self}, os.Args[1:]...),
			append(os.Environ(), machinesTried+"=1"))
	}
	fmt.Fprintln(os.Stderr, "making machines for the tests:", err)
}
