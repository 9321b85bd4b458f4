package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
)

func TestProgramsInANode(t *testing.T) {
	r, node := oneNode(t, "programs")
	for _, c := range []struct {
		want int
		args []string
	}{
		{0, []string{"ping", "-c", "1", "-W", "2", "127.0.0.1"}},
		{0, []string{"sh", "-c", "test $(hostname) = n0 && test -e /sys/class/net/lo && test $(pwd) = $PWD"}},
		{126, []string{"/etc"}},
	} {
		if _, err := exec.LookPath(c.args[0]); errors.Is(err, exec.ErrNotFound) {
			testenv.Missing(t, c.args[0]+" is not installed")
		}
		var out bytes.Buffer
		code, err := r.Exec(context.Background(), node, c.args, noderuntime.Stdio{Out: &out, Err: &out})
		if code != c.want || (err != nil) != (c.want >= 126) {
			t.Errorf("%v: status %d, %v, want %d\n%s", c.args, code, err, c.want, out.String())
		}
	}
}

// TestOutputLeftOpen executes a command that leaves a process behind which still has its output.
func TestOutputLeftOpen(t *testing.T) {
	r, node := oneNode(t, "left")
	began := time.Now()
	args := []string{"sh", "-c", "sleep 600 & exit 4"}
	code, err := r.Exec(context.Background(), node, args, noderuntime.Stdio{Out: &bytes.Buffer{}})
	if code != 4 || err != nil {
		t.Errorf("status %d, %v; want 4", code, err)
	}
	if took := time.Since(began); took > testenv.Patience {
		t.Errorf("took %v", took)
	}
}

// TestInputLeftOpen executes a command that does not read an input which never ends.
func TestInputLeftOpen(t *testing.T) {
	r, node := oneNode(t, "input")
	reader, writer := io.Pipe()
	defer writer.Close()
	code, err := r.Exec(context.Background(), node, []string{"true"}, noderuntime.Stdio{In: reader})
	if code != 0 || err != nil {
		t.Errorf("status %d, %v; want 0", code, err)
	}
}

func TestFilesAreInherited(t *testing.T) {
	r, node := oneNode(t, "files")
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	args := []string{"readlink", "/proc/self/fd/1"}
	if _, err := r.Exec(context.Background(), node, args, noderuntime.Stdio{Out: file}); err != nil {
		t.Error(err)
	}
	if got, _ := os.ReadFile(file.Name()); strings.TrimSpace(string(got)) != file.Name() {
		t.Errorf("standard output is %q, want the file itself", got)
	}
}

// TestCommandsAreFoundInTheNode looks a command up that only the node's mounts have.
func TestCommandsAreFoundInTheNode(t *testing.T) {
	r, node := oneNode(t, "path")
	dir := t.TempDir()
	t.Setenv("PATH", os.Getenv("PATH")+":"+dir)
	script := `mount -t tmpfs tb-test "$1" &&
		printf '#!/bin/sh\nexit 9\n' >"$1/tb-only-here" && chmod +x "$1/tb-only-here"`
	var out bytes.Buffer
	args := []string{"sh", "-c", script, "sh", dir}
	if code, err := r.Exec(context.Background(), node, args, noderuntime.Stdio{Err: &out}); code != 0 || err != nil {
		t.Fatalf("status %d, %v: %s", code, err, out.String())
	}
	code, err := r.Exec(context.Background(), node, []string{"tb-only-here"}, noderuntime.Stdio{})
	if code != 9 || err != nil {
		t.Errorf("status %d, %v; want 9", code, err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Error("the node's mount appears on the host")
	}
}

// TestExecLeavesTheProcessWhereItIs executes from many goroutines at once: no thread that entered the node is kept.
func TestExecLeavesTheProcessWhereItIs(t *testing.T) {
	r, node := oneNode(t, "stay")
	done := make(chan error)
	for range 20 {
		go func() {
			_, err := r.Exec(context.Background(), node, []string{"true"}, noderuntime.Stdio{})
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for _, space := range []string{"net", "mnt", "uts", "pid_for_children"} {
		main, _ := os.Readlink("/proc/self/ns/" + space)
		inside, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", node.PID, strings.TrimSuffix(space, "_for_children")))
		if main == inside || main == "" || inside == "" {
			t.Errorf("the process is in the node's %s namespace %s", space, main)
		}
		// A thread ends a moment after the goroutine that it was left to.
		testenv.Eventually(t, "no thread is in the node's namespace "+space, func() bool {
			return threadsIn(space, inside) == 0
		})
	}
}

// threadsIn counts this process's threads in a namespace.
func threadsIn(kind, namespace string) (n int) {
	tasks, _ := filepath.Glob("/proc/self/task/*/ns/" + kind)
	for _, task := range tasks {
		if at, _ := os.Readlink(task); at == namespace {
			n++
		}
	}
	return n
}

func TestSpareThreadIsNeverTheMainThread(t *testing.T) {
	results := make(chan error)
	for range 200 {
		go func() {
			results <- proc.OnSpareThread(func() error {
				if unix.Gettid() == os.Getpid() {
					return errors.New("on the main thread")
				}
				return nil
			})
		}()
	}
	for range 200 {
		if err := <-results; err != nil {
			t.Fatal(err)
		}
	}
}
