package process

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

const nobody = 65534

// impostor starts a shell that has the command line of a node, first in namespaces of its own, and returns its
// number. change makes of it what it is.
func impostor(t *testing.T, testbed string, change func(*exec.Cmd)) int {
	t.Helper()
	cmd := exec.Command("/bin/sh")
	// A shell that is told so replaces nothing: the sleep is its child.
	cmd.Args = []string{ArgvZero, "-c", "sleep 600; :", InitCommand, testbed, "nuc", "x", "/etc/hosts", "--"}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS,
	}
	change(cmd)
	testenv.StartTied(t, cmd)
	return cmd.Process.Pid
}

// unprivileged makes the impostor one of another user's, root in a user namespace of his own.
func unprivileged(cmd *exec.Cmd) {
	a := cmd.SysProcAttr
	a.Cloneflags |= unix.CLONE_NEWUSER
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}}
	a.Credential = &syscall.Credential{Uid: 0, Gid: 0, NoSetGroups: true}
	cmd.Dir = "/"
}

// ownBinary makes the impostor run a copy of this program, in a root directory of its own, as a container does.
func ownBinary(t *testing.T) func(*exec.Cmd) {
	root := t.TempDir()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.WriteFile(filepath.Join(root, "node"), self, 0o755),
		os.Mkdir(filepath.Join(root, "dev"), 0o755),
		os.WriteFile(filepath.Join(root, "dev", "null"), nil, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	return func(cmd *exec.Cmd) {
		cmd.Path = "/node"
		cmd.Args = append([]string{ArgvZero, standIn}, cmd.Args[3:]...)
		cmd.Dir = "/"
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr // the null device is not there
		cmd.SysProcAttr.Chroot = root
	}
}

func TestImpostorsAreNoNodes(t *testing.T) {
	testenv.Privileged(t)
	testbed, r := bed("impostor"), testRuntime(t)
	clean(t, r, testbed)
	for name, change := range map[string]func(*exec.Cmd){
		"another user's, in a user namespace": unprivileged,
		"another user's, in none": func(c *exec.Cmd) {
			c.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		},
		"root's, another program":             func(*exec.Cmd) {},
		"root's, this program in a container": ownBinary(t),
		"root's, this program, no container": func(c *exec.Cmd) {
			c.Path = "/proc/self/exe"
			c.Args = append([]string{ArgvZero, standIn}, c.Args[3:]...)
			c.SysProcAttr.Cloneflags &^= unix.CLONE_NEWPID
		},
		"root's, this program without capabilities": func(c *exec.Cmd) {
			c.Path = "/proc/self/exe"
			c.Args = append([]string{ArgvZero, dropping, standIn}, c.Args[3:]...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			pid := impostor(t, testbed, change)
			await(t, pid, testbed)
			found, err := r.Find(context.Background(), testbed)
			if err != nil || len(found) > 0 {
				t.Errorf("found %v, %v", found, err)
			}
			if all, err := r.Find(context.Background(), ""); err != nil || len(all) > 0 && holds(all, pid) {
				t.Errorf("found among all %v, %v", all, err)
			}
			forged := noderuntime.Node{Testbed: testbed, Node: "nuc", PID: pid, NetNS: netnsPath(pid)}
			var out bytes.Buffer
			code, err := r.Exec(context.Background(), forged, []string{"echo", "executed"}, noderuntime.Stdio{Out: &out})
			if !errors.Is(err, noderuntime.ErrNoSuchNode) || out.Len() > 0 {
				t.Errorf("a command in it: status %d, %v, %q", code, err, out.String())
			}
			if err := r.Remove(context.Background(), testbed, []noderuntime.Node{forged}); err != nil {
				t.Error(err)
			}
			if p, err := proc.Open(pid); err != nil {
				t.Errorf("Remove ended it: %v", err)
			} else {
				p.Close()
			}
		})
	}
}

// await waits until a process has the impostor's command line, and its last shape.
func await(t *testing.T, pid int, testbed string) {
	t.Helper()
	testenv.Eventually(t, "the impostor starts", func() bool {
		id, ok := identify(pid)
		return ok && id.testbed == testbed && !dropsStill(pid)
	})
}

func dropsStill(pid int) bool {
	line, err := os.ReadFile(netnsPath(pid)[:len(netnsPath(pid))-len("ns/net")] + "cmdline")
	return err == nil && strings.Contains(string(line), dropping)
}

func holds(nodes []noderuntime.Node, pid int) bool {
	for _, n := range nodes {
		if n.PID == pid {
			return true
		}
	}
	return false
}

// TestAnotherBuildIsKnown: a testbed outlives the building of this program anew.
func TestAnotherBuildIsKnown(t *testing.T) {
	testenv.Privileged(t)
	data, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "earlier")
	if err := os.WriteFile(copied, data, 0o755); err != nil {
		t.Fatal(err)
	}
	testbed, r := bed("build"), testRuntime(t)
	clean(t, r, testbed)
	earlier := New(program.At(copied), nil)
	earlier.Names = r.Names
	nodes, err := earlier.Start(context.Background(), nodeSpecs(testbed, t.TempDir(), 1, runtimetest.Agent), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(copied); err != nil {
		t.Fatal(err)
	}
	found, err := r.Find(context.Background(), testbed)
	if err != nil || len(found) != 1 || found[0] != nodes[0] {
		t.Errorf("found %v, %v; want %v", found, err, nodes)
	}
}
