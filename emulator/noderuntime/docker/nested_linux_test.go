package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// nestedEngine starts an engine in a pid namespace and a mount namespace of its own, as Docker in Docker is, and
// returns its address.
func nestedEngine(t *testing.T) string {
	t.Helper()
	testenv.Privileged(t)
	if _, err := exec.LookPath("dockerd"); err != nil {
		testenv.Missing(t, "dockerd is not installed: apt-get install docker.io")
	}
	dir, err := os.MkdirTemp("", fmt.Sprintf("tb-nested.%d.", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	name, host := filepath.Base(dir), "unix://"+filepath.Join(dir, "docker.sock")
	file := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(file("daemon.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(file("log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	engine := exec.Command("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--mount",
		"dockerd", "--host", host, "--config-file", file("daemon.json"),
		"--data-root", file("data"), "--exec-root", file("exec"), "--pidfile", file("pid"),
		"--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--userland-proxy=false",
		"--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", "/"+name,
		"--containerd-namespace", name, "--containerd-plugins-namespace", name+"-plugins")
	engine.Stdout, engine.Stderr = log, log
	t.Cleanup(func() {
		for _, pattern := range []string{"/sys/fs/cgroup/" + name, "/sys/fs/cgroup/*/" + name} {
			found, _ := filepath.Glob(pattern)
			for _, group := range found {
				removeGroups(t, group)
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	testenv.StartTied(t, engine) // and with it ends all that is in the namespace, before the above
	var said []byte
	if !testenv.Holds(func() bool {
		said, _ = os.ReadFile(file("log"))
		return strings.Contains(string(said), "API listen on")
	}) {
		t.Fatalf("the engine is not ready in %v: %s", testenv.Patience, said)
	}
	return host
}

// removeGroups removes a control group and those in it, once their processes have ended.
func removeGroups(t *testing.T, group string) {
	var groups []string
	_ = filepath.WalkDir(group, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			groups = append(groups, path)
		}
		return nil
	})
	slices.Reverse(groups)
	for _, g := range groups {
		var err error
		testenv.Holds(func() bool { err = os.Remove(g); return !errors.Is(err, unix.EBUSY) })
		if err != nil {
			t.Error(err)
		}
	}
}

func elsewhereIs(err error) bool {
	return errors.Is(err, noderuntime.ErrNotSupported) && strings.Contains(err.Error(), "another pid namespace")
}

// TestEngineInAnotherPidNamespaceIsRefused: its numbers are strangers' here, or nobody's.
func TestEngineInAnotherPidNamespaceIsRefused(t *testing.T) {
	testRuntime(t)
	r, testbed, ctx := newRuntime(WithHost(nestedEngine(t))), bed("nested"), context.Background()
	if err := r.Supported(ctx); !elsewhereIs(err) {
		t.Errorf("supported: %v", err)
	}
	r.notices = 200 * time.Millisecond // it never will
	clean(t, r, testbed)
	nodes, err := r.Start(ctx, nodeSpecs(t, testbed, 2, runtimetest.Agent), nil)
	if !elsewhereIs(err) || len(nodes) > 0 {
		t.Errorf("started %v (%v), want that it is refused", nodes, err)
	}
	if left, err := r.containers(ctx, r.api, LabelTestbed, true); err != nil || len(left) > 0 {
		t.Errorf("left: %v (%v)", left, err)
	}
	// What a testbed left there all the same can be found, to be removed, and is nothing to enter.
	s := nodeSpecs(t, testbed, 1, runtimetest.Agent)[0]
	image, err := r.ensureImage(ctx, r.api)
	if err != nil {
		t.Fatal(err)
	}
	config := &container.Config{Image: image, Cmd: s.Args, Labels: labels(s, newLaunch().String())}
	host := &container.HostConfig{NetworkMode: "none"}
	made, err := r.api.ContainerCreate(ctx, config, host, nil, nil, containerName(testbed, s.Node))
	if err == nil {
		err = r.api.ContainerStart(ctx, made.ID, container.StartOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	found, err := r.Find(ctx, testbed)
	want := []noderuntime.Node{{Testbed: testbed, Node: "n0", Container: made.ID}}
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("found %v (%v), want %v", found, err, want)
	}
	if is, err := r.Inspect(ctx, found); err != nil || len(is) != 1 || is[0].State != noderuntime.Dead {
		t.Errorf("it is %v (%v)", is, err)
	}
	command := []string{binaryInside, runtimetest.Probe, "exit", "0"}
	if _, err := r.Exec(ctx, found[0], command, noderuntime.Stdio{}); !errors.Is(err, noderuntime.ErrNoSuchNode) {
		t.Errorf("a command in it: %v", err)
	}
	if err := r.Remove(ctx, testbed, found); err != nil {
		t.Fatal(err)
	}
	if left, err := r.containers(ctx, r.api, LabelTestbed, true); err != nil || len(left) > 0 {
		t.Errorf("left: %v (%v)", left, err)
	}
}

// insideArgument makes the test binary try an engine from where it runs.
const insideArgument = "test-inside"

// insideOf says in a line each what Supported, Start and Find make of the engine in use.
func insideOf(testbed, dir string) int {
	r, ctx := newRuntime(), context.Background()
	r.notices = 200 * time.Millisecond
	fmt.Println("supported:", r.Supported(ctx))
	s := noderuntime.Spec{Testbed: testbed, Node: "n0", Args: []string{runtimetest.Agent}, Dir: dir,
		Secret: noderuntime.NewSecret()}
	_, err := r.Start(ctx, []noderuntime.Spec{s}, nil)
	fmt.Println("start:", err)
	return 0
}

// TestEngineSeenFromAContainerIsRefused: testbed has a pid namespace of its own, and the engine is outside.
func TestEngineSeenFromAContainerIsRefused(t *testing.T) {
	r, testbed := testRuntime(t), bed("inside")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--pid", "--fork", "--mount-proc", "--mount", self, insideArgument, testbed, t.TempDir()}
	out, err := exec.Command("unshare", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"supported: ", "start: "} {
		_, line, _ := strings.Cut(string(out), want)
		if line, _, _ = strings.Cut(line, "\n"); !strings.Contains(line, "another pid namespace") {
			t.Errorf("%s%s, want that it is refused", want, line)
		}
	}
	api, err := r.connect()
	if err != nil {
		t.Fatal(err)
	}
	if left, err := r.containers(context.Background(), api, LabelTestbed+"="+testbed, true); err != nil || len(left) > 0 {
		t.Errorf("left: %v (%v)", left, err)
	}
}

// TestOnlyAContainersFirstProcessIsIdentified holds numbers that an engine could tell against the kernel.
func TestOnlyAContainersFirstProcessIsIdentified(t *testing.T) {
	r, testbed := testRuntime(t), bed("ident")
	clean(t, r, testbed)
	nodes, err := r.Start(context.Background(), nodeSpecs(t, testbed, 2, runtimetest.Agent), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b := nodes[0], nodes[1]
	i, err := identify(a.PID, a.Container)
	if err != nil || i != (identity{start: a.Start, inode: a.Inode}) {
		t.Errorf("the node itself: %v, %v", i, err)
	}
	for name, c := range map[string]struct {
		pid int
		id  string
	}{
		"another container's": {b.PID, a.Container},
		"this process":        {os.Getpid(), a.Container},
		"the host's first":    {1, a.Container},
		"nobody's":            {1 << 22, a.Container},
		"zero":                {0, a.Container},
		"below zero":          {-1, a.Container},
		"half an ID":          {a.PID, a.Container[:32]},
		"no ID":               {a.PID, ""},
	} {
		if _, err := identify(c.pid, c.id); !errors.Is(err, errStranger) {
			t.Errorf("%s: %v, want that it is a stranger", name, err)
		}
	}
}

// TestImpostorInAContainerIsNotOurs: a container whose first process has a node's command line, even of this very
// program and with the capabilities that testbed needs, is nothing that a scan of processes believes.
func TestImpostorInAContainerIsNotOurs(t *testing.T) {
	r, testbed, ctx := testRuntime(t), bed("fake"), context.Background()
	clean(t, r, testbed)
	s := newStrangers(t, r)
	line := []string{"tb-node", "node-init", testbed, "nuc", "x", "/etc/hosts", "--"}
	for name, host := range map[string]*container.HostConfig{
		"confined":   {NetworkMode: "none", CapDrop: []string{"ALL"}},
		"privileged": {NetworkMode: "none", CapAdd: []string{"SYS_ADMIN", "NET_ADMIN"}},
		"host's": {NetworkMode: "host", PidMode: "host", UTSMode: "host", UsernsMode: "host",
			CapAdd: []string{"SYS_ADMIN", "NET_ADMIN"}, Binds: []string{"/:/host"}},
	} {
		// The program is on the PATH under a node's name, and stays by what the suite's agent is called.
		config := &container.Config{Image: s.namesake(), User: "0", Env: []string{"PATH=/", impostorEnv + "=1"},
			Entrypoint: line[:1], Cmd: line[1:]}
		made, err := s.api.ContainerCreate(ctx, config, host, nil, nil, "tb-"+testbed+"-"+strings.Trim(name, "'s"))
		if err != nil {
			t.Fatal(err)
		}
		s.containers = append(s.containers, made.ID)
		if err := s.api.ContainerStart(ctx, made.ID, container.StartOptions{}); err != nil {
			t.Fatal(err)
		}
		c, err := s.api.ContainerInspect(ctx, made.ID)
		if err != nil {
			t.Fatal(err)
		}
		p := impostor(t, c.State.Pid, line)
		if err := p.Ours(); !errors.Is(err, proc.ErrForeign) {
			t.Errorf("%s: %v, want that it is foreign", name, err)
		}
		p.Close()
	}
	if found, err := r.Find(ctx, testbed); err != nil || len(found) > 0 {
		t.Errorf("found %v (%v)", found, err)
	}
	nodes, err := r.Start(ctx, nodeSpecs(t, testbed, 1, runtimetest.Agent), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := proc.OpenStarted(nodes[0].PID, nodes[0].Start)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Ours(); !errors.Is(err, proc.ErrForeign) {
		t.Errorf("a container's node is taken for a process of the host's: %v", err)
	}
}

// impostor waits until the process has the command line.
func impostor(t *testing.T, pid int, line []string) *proc.Process {
	t.Helper()
	p, err := proc.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	isSo := func() bool { got, err = p.CommandLine(); return err != nil || slices.Equal(got, line) }
	if !testenv.Holds(isSo) || err != nil {
		t.Fatalf("its command line is %q (%v), want %q", got, err, line)
	}
	return p
}
