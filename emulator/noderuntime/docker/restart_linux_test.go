package docker

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/docker/docker/api/types/container"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// conditionOf inspects one node.
func conditionOf(t *testing.T, r *Runtime, n noderuntime.Node) noderuntime.Condition {
	t.Helper()
	all, err := r.Inspect(context.Background(), []noderuntime.Node{n})
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	return all[0]
}

func TestPausedContainers(t *testing.T) {
	r, testbed := testRuntime(t), bed("pause")
	clean(t, r, testbed)
	ctx := context.Background()
	nodes, err := r.Start(ctx, nodeSpecs(t, testbed, 2, runtimetest.Agent), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.api.ContainerPause(ctx, nodes[0].Container); err != nil {
		t.Fatal(err)
	}
	want := noderuntime.Condition{State: noderuntime.Paused, Node: nodes[0]}
	if got := conditionOf(t, r, nodes[0]); got != want {
		t.Errorf("it is %v, want %v", got, want)
	}
	if got := conditionOf(t, r, nodes[1]); got.State != noderuntime.Running {
		t.Errorf("the other is %v", got)
	}
	if err := r.api.ContainerUnpause(ctx, nodes[0].Container); err != nil {
		t.Fatal(err)
	}
	if got := conditionOf(t, r, nodes[0]); got.State != noderuntime.Running {
		t.Errorf("it goes on and is %v", got)
	}
	for _, n := range nodes {
		if err := r.api.ContainerPause(ctx, n.Container); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Stop(ctx, nodes[:1]); err != nil {
		t.Fatal(err)
	}
	if got := conditionOf(t, r, nodes[0]); got.State != noderuntime.Dead {
		t.Errorf("stopped, it is %v", got)
	}
	if err := r.Remove(ctx, testbed, nodes); err != nil { // a paused one too
		t.Fatal(err)
	}
}

// TestRestartedContainers has a node restarted by its user and by the engine.
func TestRestartedContainers(t *testing.T) {
	names := filepath.Join(t.TempDir(), "netns")
	r, testbed := testRuntime(t, WithNames(names)), bed("restart")
	clean(t, r, testbed)
	ctx := context.Background()
	specs := nodeSpecs(t, testbed, 2, runtimetest.Agent)
	nodes, err := r.Start(ctx, specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	begun := nodes[0]
	if err := r.api.ContainerRestart(ctx, begun.Container, container.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	again := restarted(t, r, begun)
	testenv.Eventually(t, "its agent is ready again", func() bool {
		_, err := os.Lstat(readyFile(specs[0]))
		return err == nil
	})
	command := []string{binaryInside, runtimetest.Probe, "exit", "7"}
	if code, err := r.Exec(ctx, again, command, noderuntime.Stdio{}); code != 7 || err != nil {
		t.Errorf("a command in it: status %d, %v", code, err)
	}
	if at, err := os.Readlink(filepath.Join(names, noderuntime.NetNSName(testbed, "n0"))); at != again.NetNS {
		t.Errorf("its namespace's name leads to %s (%v), want %s", at, err, again.NetNS)
	}
	if got := conditionOf(t, r, again); got.State != noderuntime.Running {
		t.Errorf("as it runs now it is %v", got)
	}
	// By itself: the engine starts it anew whenever its process ends.
	always := container.UpdateConfig{RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyAlways}}
	if _, err := r.api.ContainerUpdate(ctx, nodes[1].Container, always); err != nil {
		t.Fatal(err)
	}
	if err := signalContainer(nodes[1].PID, nodes[1].Container, terminate); err != nil {
		t.Fatal(err)
	}
	testenv.Eventually(t, "the engine restarts it", func() bool {
		return conditionOf(t, r, nodes[1]).State == noderuntime.Restarted
	})
	restarted(t, r, nodes[1])
	if err := r.Stop(ctx, nodes); err != nil { // as they were recorded
		t.Fatal(err)
	}
	if left, err := r.containers(ctx, r.api, LabelTestbed+"="+testbed, true); err != nil || len(left) > 0 {
		t.Errorf("left: %v (%v)", left, err)
	}
}

// restarted checks what is known of a node that was restarted since.
func restarted(t *testing.T, r *Runtime, begun noderuntime.Node) noderuntime.Node {
	t.Helper()
	got := conditionOf(t, r, begun)
	now := got.Node
	if got.State != noderuntime.Restarted || now.PID == begun.PID && now.Start == begun.Start || now.PID == 0 {
		t.Fatalf("it is %v, was %v", got, begun)
	}
	if now.Testbed != begun.Testbed || now.Node != begun.Node || now.Container != begun.Container {
		t.Errorf("it is another node: %v, was %v", now, begun)
	}
	held, err := noderuntime.Hold(now)
	if err != nil {
		t.Fatal(err)
	}
	held.Close()
	return now
}

// TestOthersAreNotRestarted: a container that a record names, and whose labels are not the node's, is no
// restarted node, whatever its process.
func TestOthersAreNotRestarted(t *testing.T) {
	r, testbed := testRuntime(t), bed("others")
	clean(t, r, testbed)
	ctx := context.Background()
	nodes, err := r.Start(ctx, nodeSpecs(t, testbed, 2, runtimetest.Agent), nil)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*noderuntime.Node){
		"of another testbed":  func(n *noderuntime.Node) { n.Testbed += "x" },
		"another node's":      func(n *noderuntime.Node) { n.Container = nodes[1].Container },
		"without a container": func(n *noderuntime.Node) { n.Container = "" },
		"part of an ID":       func(n *noderuntime.Node) { n.Container = n.Container[:12] },
	} {
		lie := nodes[0]
		lie.Start++
		change(&lie)
		if got := conditionOf(t, r, lie); got.State != noderuntime.Dead || got.Node != lie {
			t.Errorf("%s: %v", what, got)
		}
	}
	if err := r.api.ContainerStop(ctx, nodes[0].Container, container.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := conditionOf(t, r, nodes[0]); got.State != noderuntime.Dead {
		t.Errorf("stopped by its user it is %v", got)
	}
	if err := r.Stop(ctx, nodes[:1]); err != nil {
		t.Fatal(err)
	}
	if _, err := r.api.ContainerInspect(ctx, nodes[0].Container); err == nil {
		t.Error("a container that had ended is left")
	}
}

// aliveOf are the nodes that run as they were started.
func aliveOf(r *Runtime, nodes []noderuntime.Node) ([]noderuntime.Node, error) {
	all, err := r.Inspect(context.Background(), nodes)
	return runtimetest.Alive(all), err
}
