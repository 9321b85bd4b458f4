package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// bed is a testbed's name that no other test process uses at the same time.
func bed(name string) string { return fmt.Sprintf("t%d-%s", os.Getpid(), name) }

// testRuntime runs nodes with this test binary; their names are in a directory of the test's.
func testRuntime(t testing.TB) *Runtime {
	r := New(program.At("/proc/self/exe"), nil)
	r.Names = filepath.Join(t.TempDir(), "netns")
	return r
}

// clean removes a testbed at the test's end and fails where something is left.
func clean(t testing.TB, r *Runtime, testbed string) {
	t.Cleanup(func() {
		if err := r.Remove(context.Background(), testbed, nil); err != nil {
			t.Error(err)
		}
		if left, err := scan(testbed); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
		if _, err := os.Lstat(r.Names); r.Names != "" && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left behind: %v", r.Names, err)
		}
	})
}

func TestConformance(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	runtimetest.Run(t, func(t testing.TB) noderuntime.Runtime { return testRuntime(t) }, binary, bed(""))
}

func TestSupported(t *testing.T) {
	testenv.Privileged(t)
	before, _ := os.Readlink("/proc/self/ns/net")
	if err := New(program.At("/proc/self/exe"), nil).Supported(context.Background()); err != nil {
		t.Error(err)
	}
	if after, _ := os.Readlink("/proc/self/ns/net"); after != before {
		t.Error("probing moved the process into another namespace")
	}
}

func TestInitRefusesTheHost(t *testing.T) {
	if _, err := Init([]string{"a", "n", "/tmp", "", "--", "x"}); err == nil {
		t.Fatal("Init set up a process that no runtime started")
	}
}

// TestCommitOutlivesTheController starts nodes from a process that then exits.
func TestCommitOutlivesTheController(t *testing.T) {
	testenv.Privileged(t)
	testbed, r := bed("commit"), testRuntime(t)
	clean(t, r, testbed)
	if out, err := startController(t, testbed, r.Names, 3, runtimetest.Agent).Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	time.Sleep(100 * time.Millisecond)
	nodes, err := r.Find(context.Background(), testbed)
	if err != nil || len(nodes) != 3 {
		t.Fatalf("%d nodes outlive the controller (%v), want 3", len(nodes), err)
	}
}

// TestCrashBeforeCommit kills the controller at random instants: its nodes must vanish by themselves.
func TestCrashBeforeCommit(t *testing.T) {
	testenv.Privileged(t)
	random, seen := rand.New(rand.NewPCG(testenv.Seed(t), 0)), 0
	const tries = 10
	for i := range tries {
		testbed, r := bed(fmt.Sprint("crash", i)), testRuntime(t)
		clean(t, r, testbed)
		// The last node never becomes ready, so that the controller does not commit.
		controller := startController(t, testbed, r.Names, 12, runtimetest.LateAgent)
		if err := controller.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i*15+random.IntN(15)) * time.Millisecond)
		before, err := scan(testbed)
		if seen == 0 && i == tries-1 { // a slow host has not come that far: the last one is killed once it has
			testenv.Eventually(t, "a node starts", func() bool {
				before, err = scan(testbed)
				return err != nil || len(before) > 0
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		seen += len(before)
		if err := controller.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = controller.Wait()
		if i%2 == 1 { // as `down` does at once, without the nodes' own help
			if err := r.Remove(context.Background(), testbed, nil); err != nil {
				t.Fatal(err)
			}
		}
		testenv.Eventually(t, "no node lives on without its controller", func() bool {
			left, err := scan(testbed)
			if err != nil {
				t.Fatal(err)
			}
			return len(left) == 0
		})
	}
	if seen == 0 {
		t.Error("no controller had started a node when it was killed: the test shows nothing")
	}
}

// TestCallersPipesEnd starts nodes from a process that was given a pipe: its reader must see the end of it
// when that process exits, not when the nodes do.
func TestCallersPipesEnd(t *testing.T) {
	testenv.Privileged(t)
	testbed, r := bed("pipes"), testRuntime(t)
	clean(t, r, testbed)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	controller := startController(t, testbed, r.Names, 1, runtimetest.Agent)
	for range 8 { // more than the node gets descriptors of its own
		controller.ExtraFiles = append(controller.ExtraFiles, writer)
	}
	if out, err := controller.Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	writer.Close()
	if err := reader.SetReadDeadline(time.Now().Add(testenv.Patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want the end of the pipe", err)
	}
	if nodes, err := r.Find(context.Background(), testbed); err != nil || len(nodes) != 1 {
		t.Errorf("%d nodes, %v; want 1", len(nodes), err)
	}
}

func startController(t *testing.T, testbed, names string, count int, agent string) *exec.Cmd {
	return exec.Command("/proc/self/exe", controllerArgument, testbed, t.TempDir(), fmt.Sprint(count), agent, names)
}

func TestLogFile(t *testing.T) {
	testenv.Privileged(t)
	testbed, r, dir := bed("log"), testRuntime(t), t.TempDir()
	clean(t, r, testbed)
	if _, err := r.Start(context.Background(), nodeSpecs(testbed, dir, 1, runtimetest.Agent), nil); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "n0.log"))
	if err != nil || strings.TrimSpace(string(log)) != runtimetest.Greeting {
		t.Errorf("the log is %q, %v", log, err)
	}
}

// oneNode starts a testbed of one node.
func oneNode(t *testing.T, name string) (*Runtime, noderuntime.Node) {
	t.Helper()
	testenv.Privileged(t)
	testbed, r := bed(name), testRuntime(t)
	clean(t, r, testbed)
	nodes, err := r.Start(context.Background(), nodeSpecs(testbed, t.TempDir(), 1, runtimetest.Agent), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, nodes[0]
}
