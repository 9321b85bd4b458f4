package docker

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// TestCompanions: a program beside a node is in its network and confined like it; nobody takes it for a node, and what
// removes the testbed removes it.
func TestCompanions(t *testing.T) {
	r, testbed := testRuntime(t), bed("beside")
	image := importImage(t, r, `ENTRYPOINT ["/testbed"]`, `CMD ["`+runtimetest.Agent+`"]`, `USER 0`)
	clean(t, r, testbed)
	ctx := context.Background()
	nodes, err := r.Start(ctx, nodeSpecs(t, testbed, 2, runtimetest.Agent), nil)
	if err != nil {
		t.Fatal(err)
	}
	spec := noderuntime.Companion{Name: "detect", Image: image, Env: []string{"PORT=1"}, Memory: 64 << 20, Processes: 32}
	var ids []string
	for range 2 {
		id, err := r.StartCompanion(ctx, nodes[0], spec)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	checkCompanion(t, r, ids[0], nodes[0])
	found, err := r.Find(ctx, testbed)
	if err != nil || len(found) != 2 {
		t.Errorf("%d nodes are found, %v", len(found), err)
	}
	if foreign, err := r.Foreign(ctx, testbed, nodes); err != nil || len(foreign) > 0 {
		t.Errorf("foreign: %v, %v", foreign, err)
	}
	if err := r.StopCompanion(ctx, ids[0], false); err != nil {
		t.Error(err)
	}
	if err := r.StopCompanion(ctx, ids[0], true); err != nil {
		t.Errorf("one that is gone: %v", err)
	}
	ended := make(chan string, 1)
	go func() {
		how, err := r.AwaitCompanion(ctx, ids[1])
		if err != nil {
			t.Error(err)
		}
		ended <- how
	}()
	spec.Image = "tb-no-such-image:1"
	if _, err := r.StartCompanion(ctx, nodes[0], spec); !errors.Is(err, noderuntime.ErrSpec) {
		t.Errorf("an image that is not there: %v", err)
	}
	if err := r.Remove(ctx, testbed, nil); err != nil {
		t.Fatal(err)
	}
	<-ended
	left, err := r.containers(ctx, r.api, LabelTestbed+"="+testbed, true)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := r.StartCompanion(ctx, nodes[1], noderuntime.Companion{Name: "x", Image: image}); err == nil {
		t.Error("one is started beside a node that is gone")
	}
}

// checkCompanion holds a container to what it may have.
func checkCompanion(t *testing.T, r *Runtime, id string, node noderuntime.Node) {
	t.Helper()
	c, err := r.api.ContainerInspect(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	h := c.HostConfig
	if h.NetworkMode != container.NetworkMode("container:"+node.Container) || !h.ReadonlyRootfs ||
		len(h.CapDrop) != 1 || h.CapDrop[0] != "ALL" ||
		!strings.Contains(strings.Join(h.SecurityOpt, " "), "no-new-privileges") ||
		h.Memory != 64<<20 || *h.PidsLimit != 32 || h.OomScoreAdj != companionOOM || c.Config.User != companionUser {
		t.Errorf("it is not confined: %+v, %+v", h, c.Config)
	}
	if len(c.Mounts) > 0 {
		t.Errorf("it has mounts: %+v", c.Mounts)
	}
}
