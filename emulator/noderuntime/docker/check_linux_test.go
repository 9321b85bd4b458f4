package docker

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
	"testbed/emulator/units"
)

// TestWhatTheEngineRefusesIsRefusedBefore needs no engine: the limits are known.
func TestWhatTheEngineRefusesIsRefusedBefore(t *testing.T) {
	good := noderuntime.Spec{Testbed: "a", Node: "n", Dir: "/run/tb-testbed/a/nodes/n", Args: []string{"x"},
		Limits: noderuntime.Limits{CPU: 10, Memory: 6 * units.MiB}}
	r := newRuntime()
	if err := r.Check([]noderuntime.Spec{good}); err != nil {
		t.Error(err)
	}
	for says, change := range map[string]func(*noderuntime.Spec){
		"0.005 cores": func(s *noderuntime.Spec) { s.Limits.CPU = 5 },
		"0.01 at":     func(s *noderuntime.Spec) { s.Limits.CPU = 9 },
		"6MiB at":     func(s *noderuntime.Spec) { s.Limits.Memory = units.MiB },
		"below zero":  func(s *noderuntime.Spec) { s.Limits.Memory = -1 },
		"63 bytes":    func(s *noderuntime.Spec) { s.Node = strings.Repeat("n", 64) },
		"neither":     func(s *noderuntime.Spec) { s.Args = nil },
		"80 bytes at": func(s *noderuntime.Spec) {
			s.Testbed, s.Node = strings.Repeat("t", 31), strings.Repeat("n", 63)
			s.Dir = "/run/tb-testbed/" + s.Testbed + "/nodes/" + s.Node
		},
	} {
		bad := good
		change(&bad)
		err := r.Check([]noderuntime.Spec{good, bad})
		if !errors.Is(err, noderuntime.ErrSpec) || !strings.Contains(err.Error(), says) {
			t.Errorf("want an error that says %q, got %v", says, err)
		}
	}
}

// TestLeastLimits: what passes the check the engine takes.
func TestLeastLimits(t *testing.T) {
	r := testRuntime(t)
	s := nodeSpecs(t, bed("least"), 1, runtimetest.Agent)[0]
	s.Limits = noderuntime.Limits{CPU: leastCPU, Memory: leastBytes}
	ctx := context.Background()
	e, err := r.EngineVersion(ctx)
	if err != nil {
		t.Fatal(err)
	}
	name, err := r.ensureImage(ctx, r.api)
	if err != nil {
		t.Fatal(err)
	}
	made, err := r.api.ContainerCreate(ctx, &container.Config{Image: name}, confined(s.Limits, e), nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.api.ContainerRemove(ctx, made.ID, container.RemoveOptions{}); err != nil {
		t.Error(err)
	}
}

// TestImagesWithSomethingInTheAgentsPlaceAreRefused: before anything starts, and by testbed's own words.
func TestImagesWithSomethingInTheAgentsPlaceAreRefused(t *testing.T) {
	for path, want := range map[string]string{
		"testbed": "file /testbed", "testbed/": "directory /testbed", "program": "",
	} {
		t.Run(strings.ReplaceAll(path, "/", "-directory"), func(t *testing.T) {
			r, testbed := testRuntime(t), bed("place")
			image := importAt(t, r, path, `VOLUME /data`)
			clean(t, r, testbed)
			specs := nodeSpecs(t, testbed, 2, runtimetest.Agent)
			specs[1].Image = image
			nodes, err := r.Start(context.Background(), specs, nil)
			if want == "" {
				if err != nil || len(nodes) != 2 {
					t.Errorf("%v, %v", nodes, err)
				}
				return
			}
			if !errors.Is(err, noderuntime.ErrSpec) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
			left, err := r.containers(context.Background(), r.api, LabelTestbed+"="+testbed, true)
			if err != nil || len(left) > 0 {
				t.Errorf("left: %v (%v)", left, err)
			}
		})
	}
}
