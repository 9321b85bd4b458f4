package docker

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// TestStrangersAreLeftAlone: up, a failed up, a crash, down and the removal of images touch nothing that others made.
func TestStrangersAreLeftAlone(t *testing.T) {
	r, testbed, ctx := testRuntime(t), bed("crowd"), context.Background()
	clean(t, r, testbed)
	s := newStrangers(t, r)
	specs := nodeSpecs(t, testbed, 3, runtimetest.Agent)
	nodes, err := r.Start(ctx, specs[:2], nil)
	if err != nil {
		t.Fatal(err)
	}
	s.crowd(r, testbed, nodes[0])
	s.remember()

	if _, err := r.Start(ctx, specs[2:], nil); err != nil {
		t.Fatal(err)
	}
	s.unchanged("starting a node")
	dying := nodeSpecs(t, testbed, 5, runtimetest.DyingAgent)
	if _, err := r.Start(ctx, dying[3:], nil); err == nil || !strings.Contains(err.Error(), runtimetest.LastWords) {
		t.Errorf("got %v, want that the nodes end", err)
	}
	s.unchanged("a start that failed")
	if found, err := r.Find(ctx, testbed); err != nil || len(found) != 3 {
		t.Errorf("found %v (%v), want the three nodes", found, err)
	}
	all, err := r.Find(ctx, "")
	isTheirs := func(n noderuntime.Node) bool { return slices.Contains(s.containers, n.Container) }
	if err != nil || slices.ContainsFunc(all, isTheirs) {
		t.Errorf("strangers are among %v (%v)", all, err)
	}
	foreign, err := r.Foreign(ctx, testbed, nodes)
	if err != nil || len(foreign) != 6 || !strings.HasPrefix(foreign[0], "bed-"+testbed+" (") {
		t.Errorf("left alone are %q (%v), want the six with the testbed's label", foreign, err)
	}
	if err := r.Remove(ctx, testbed, nodes[:1]); err != nil {
		t.Fatal(err)
	}
	s.unchanged("the testbed's removal")
	if left, err := r.Find(ctx, testbed); err != nil || len(left) != 0 {
		t.Errorf("left: %v (%v)", left, err)
	}
	s.crash(testbed)
	if err := r.Remove(ctx, testbed, nil); err != nil {
		t.Fatal(err)
	}
	s.unchanged("a crash")
	removed, left, err := r.Prune(ctx)
	i, _ := r.nodeImageOf()
	if err != nil || !slices.Contains(removed, i.tag) || len(left) < 4 || slices.Contains(left, i.tag) {
		t.Errorf("images removed: %v, left: %v (%v)", removed, left, err)
	}
	s.unchanged("the removal of images")
}

// crash kills a controller in the midst of a start.
func (s *strangers) crash(testbed string) {
	s.Helper()
	secret, err := runtimetest.Secret(testbed, "r").MarshalText()
	if err != nil {
		s.Fatal(err)
	}
	controller := exec.Command("/proc/self/exe", controllerArgument, testbed, s.TempDir(), string(secret), "20")
	if err := controller.Start(); err != nil {
		s.Fatal(err)
	}
	made := filters.NewArgs(filters.Arg("label", LabelTestbed+"="+testbed), filters.Arg("label", LabelRun+"=r"))
	testenv.Eventually(s.T, "it has made containers", func() bool {
		found, err := s.api.ContainerList(context.Background(), container.ListOptions{All: true, Filters: made})
		if err != nil {
			s.Fatal(err)
		}
		return len(found) > 1
	})
	if err := controller.Process.Kill(); err != nil {
		s.Fatal(err)
	}
	_ = controller.Wait()
}

// TestCopyUnderANodesNameIsLeftAlone: whoever removes a node and puts a copy of its container in its place has a
// container that testbed did not make.
func TestCopyUnderANodesNameIsLeftAlone(t *testing.T) {
	r, testbed, ctx := testRuntime(t), bed("copy"), context.Background()
	clean(t, r, testbed)
	s := newStrangers(t, r)
	nodes, err := r.Start(ctx, nodeSpecs(t, testbed, 2, runtimetest.Agent), nil)
	if err != nil {
		t.Fatal(err)
	}
	copied := s.labelsOf(nodes[0])
	if err := s.api.ContainerRemove(ctx, nodes[0].Container, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	s.container(containerName(testbed, "n0"), "running", copied)
	s.remember()
	if alive, err := aliveOf(r, nodes); err != nil || !slices.Equal(alive, nodes[1:]) {
		t.Errorf("alive are %v (%v), want %v", alive, err, nodes[1:])
	}
	if err := r.Remove(ctx, testbed, nodes); err != nil {
		t.Fatal(err)
	}
	s.unchanged("the testbed's removal")
	if foreign, err := r.Foreign(ctx, testbed, nodes); err != nil || len(foreign) != 1 {
		t.Errorf("left alone are %v (%v)", foreign, err)
	}
}

// TestNodesAreNotTheirNames renames a node and gives its name to another container.
func TestNodesAreNotTheirNames(t *testing.T) {
	r, testbed, ctx := testRuntime(t), bed("name"), context.Background()
	clean(t, r, testbed)
	s := newStrangers(t, r)
	nodes, err := r.Start(ctx, nodeSpecs(t, testbed, 1, runtimetest.Agent), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.api.ContainerRename(ctx, nodes[0].Container, "tb-was-"+testbed); err != nil {
		t.Fatal(err)
	}
	s.container(containerName(testbed, "n0"), "running", s.labelsOf(nodes[0]))
	s.remember()
	if alive, err := aliveOf(r, nodes); err != nil || !slices.Equal(alive, nodes) {
		t.Errorf("alive are %v (%v), want the node", alive, err)
	}
	command := []string{binaryInside, runtimetest.Probe, "exit", "7"}
	if code, err := r.Exec(ctx, nodes[0], command, noderuntime.Stdio{}); code != 7 || err != nil {
		t.Errorf("status %d, %v", code, err)
	}
	logsOf(t, r, nodes[0], runtimetest.Greeting)
	if err := r.Remove(ctx, testbed, nodes); err != nil {
		t.Fatal(err)
	}
	s.unchanged("the testbed's removal")
	if _, err := s.api.ContainerInspect(ctx, nodes[0].Container); err == nil {
		t.Error("the renamed node is still there")
	}
}

// TestImageUnderTheNodeImagesNameIsNotRun: nodes run testbed's own binary and nothing that was given its image's tag.
func TestImageUnderTheNodeImagesNameIsNotRun(t *testing.T) {
	r, testbed, ctx := testRuntime(t), bed("other"), context.Background()
	clean(t, r, testbed)
	key := noderuntime.NewSecret() // gives an image that no other test has
	r.key = func() noderuntime.Secret { return key }
	s := newStrangers(t, r)
	i, err := r.nodeImageOf()
	if err != nil {
		t.Fatal(err)
	}
	s.tag(s.image, i.tag)
	s.remember()
	_, err = r.Start(ctx, nodeSpecs(t, testbed, 1, runtimetest.Agent), nil)
	if err == nil || !strings.Contains(err.Error(), "docker rmi "+i.tag) {
		t.Errorf("got %v, want that the tag is taken", err)
	}
	if removed, left, err := r.Prune(ctx); err != nil || slices.Contains(removed, i.tag) || !slices.Contains(left, i.tag) {
		t.Errorf("removed %v, left %v (%v)", removed, left, err)
	}
	s.unchanged("a start and the removal of images")
}

// TestTakenNameOfAStranger: the advice is not to remove with testbed what testbed leaves alone.
func TestTakenNameOfAStranger(t *testing.T) {
	r, testbed, ctx := testRuntime(t), bed("taken"), context.Background()
	clean(t, r, testbed)
	s := newStrangers(t, r)
	s.container(containerName(testbed, "n1"), "running", map[string]string{LabelTestbed: testbed, LabelNode: "n1"})
	s.container(containerName(testbed, "n1")+"-too", "created", nil) // the engine's search finds it as well
	s.remember()
	_, err := r.Start(ctx, nodeSpecs(t, testbed, 4, runtimetest.Agent), nil)
	if err == nil || strings.Contains(err.Error(), "testbed down") ||
		!strings.Contains(err.Error(), "docker rename "+containerName(testbed, "n1")+" ") {
		t.Errorf("got %v, want whose the name is and what to do", err)
	}
	s.unchanged("a start whose name is taken")
	if foreign, err := r.Foreign(ctx, testbed, nil); err != nil || len(foreign) != 1 {
		t.Errorf("left are %v (%v)", foreign, err)
	}
}

// TestRestartedNodeIsNotAlive: its process is another one, in another namespace.
func TestRestartedNodeIsNotAlive(t *testing.T) {
	r, testbed, ctx := testRuntime(t), bed("again"), context.Background()
	clean(t, r, testbed)
	nodes, err := r.Start(ctx, nodeSpecs(t, testbed, 2, runtimetest.Agent), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.api.ContainerRestart(ctx, nodes[0].Container, container.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	if alive, err := aliveOf(r, nodes); err != nil || !slices.Equal(alive, nodes[1:]) {
		t.Errorf("alive are %v (%v), want %v", alive, err, nodes[1:])
	}
	if err := r.Remove(ctx, testbed, nodes); err != nil {
		t.Fatal(err)
	}
	if left, err := r.containers(ctx, r.api, LabelTestbed+"="+testbed, true); err != nil || len(left) != 0 {
		t.Errorf("left: %v (%v)", left, err)
	}
}
