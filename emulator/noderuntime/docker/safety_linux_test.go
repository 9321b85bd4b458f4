package docker

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"

	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
	"testbed/emulator/units"
)

// TestContainersAreConfined reads back from the engine what a node may do.
func TestContainersAreConfined(t *testing.T) {
	r, testbed := testRuntime(t), bed("safe")
	clean(t, r, testbed)
	specs := nodeSpecs(t, testbed, 1, runtimetest.Agent)
	specs[0].Limits = noderuntime.Limits{CPU: 1500, Memory: 128 * units.MiB}
	if _, err := r.Start(context.Background(), specs, nil); err != nil {
		t.Fatal(err)
	}
	c, err := r.api.ContainerInspect(context.Background(), containerName(testbed, "n0"))
	if err != nil {
		t.Fatal(err)
	}
	h := c.HostConfig
	ofSeccomp := func(o string) bool { return strings.HasPrefix(o, "seccomp") }
	for what, ok := range map[string]bool{
		"not privileged":        !h.Privileged,
		"all capabilities gone": slices.Equal(h.CapDrop, []string{"ALL"}) && len(h.CapAdd) == 0,
		"read-only root":        h.ReadonlyRootfs,
		"no new privileges":     slices.Contains(h.SecurityOpt, "no-new-privileges"),
		"default seccomp":       !slices.ContainsFunc(h.SecurityOpt, ofSeccomp),
		"limit of processes":    h.PidsLimit != nil && *h.PidsLimit == maxPids,
		"limit of CPU":          h.NanoCPUs == 1.5e9,
		"limit of memory":       h.Memory == 128<<20,
		"no network":            h.NetworkMode == "none" && len(h.PortBindings) == 0,
		"no other namespaces":   h.PidMode == "" && h.UTSMode == "" && !h.IpcMode.IsHost(),
		"no devices":            len(h.Devices) == 0,
		"no restart":            h.RestartPolicy.IsNone() || h.RestartPolicy.Name == "",
		"killed before others":  h.OomScoreAdj == oomScore,
		"limits of a process":   limit(h, "nofile") == openFiles && limit(h, "core") == 0,
		"its own first process": h.Init != nil && !*h.Init,
		"users as on the host":  h.UsernsMode == "host",
		"bounded log":           h.LogConfig.Config["max-size"] != "",
		"host name":             c.Config.Hostname == "n0",
		"label of the testbed":  c.Config.Labels[LabelTestbed] == testbed,
		"label of the node":     c.Config.Labels[LabelNode] == "n0",
		"label of the run":      c.Config.Labels[LabelRun] == "a-run",
	} {
		if !ok {
			t.Errorf("not so: %s (%+v)", what, h)
		}
	}
	for _, m := range c.Mounts {
		if m.RW && m.Destination != specs[0].Dir {
			t.Errorf("%s is mounted writable at %s", m.Source, m.Destination)
		}
	}
	// What the kernel says of the first process.
	status, err := os.ReadFile("/proc/" + itoa(c.State.Pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n",
	} {
		if !strings.Contains(string(status), want) {
			t.Errorf("the kernel does not say %q of the node's first process", want)
		}
	}
}

func limit(h *container.HostConfig, name string) int64 {
	for _, u := range h.Ulimits {
		if u.Name == name && u.Hard == u.Soft {
			return u.Hard
		}
	}
	return -1
}

// TestUserImagesAreBounded reads from the kernel what a node that runs somebody's image may use.
func TestUserImagesAreBounded(t *testing.T) {
	r, testbed, ctx := testRuntime(t), bed("bound"), context.Background()
	image := importAt(t, r, "program", `ENTRYPOINT ["/program"]`, `CMD ["`+runtimetest.Agent+`"]`, `VOLUME /data /tmp`)
	clean(t, r, testbed)
	specs := nodeSpecs(t, testbed, 2)
	specs[0].Image, specs[1].Image, specs[1].Args = image, image, []string{runtimetest.Agent}
	volumes := volumeNames(t, r)
	nodes, err := r.Start(ctx, specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	if now := volumeNames(t, r); !slices.Equal(now, volumes) {
		t.Errorf("the engine has the volumes %v, before %v", now, volumes)
	}
	for i, n := range nodes {
		c, err := r.api.ContainerInspect(ctx, n.Container)
		if err != nil {
			t.Fatal(err)
		}
		if agent := i == 1; (c.HostConfig.UsernsMode == "host") != agent {
			t.Errorf("agent: %v, and the user namespace is %q", agent, c.HostConfig.UsernsMode)
		}
		info, err := r.EngineVersion(ctx)
		if err != nil {
			t.Fatal(err)
		}
		want := max(int64(info.Memory)/memoryShare, int64(leastMemory))
		if h := c.HostConfig; h.Memory != want || h.MemorySwap != want {
			t.Errorf("memory %d (with swap %d), want %d", h.Memory, h.MemorySwap, want)
		}
		wanted := map[string]string{
			"/tmp":     "rw,nosuid,nodev size=65536k",
			"/data":    "rw,nosuid,nodev,noexec size=65536k",
			"/run":     "rw,nosuid,nodev,noexec size=16384k",
			"/dev/shm": "rw,nosuid,nodev,noexec size=65536k",
			"/":        "ro",
		}
		if i == 1 {
			wanted[binaryInside] = "ro"
		}
		holdMounts(t, n.PID, wanted)
		read(t, n.PID, "oom_score_adj", itoa(oomScore))
		read(t, n.PID, "limits", "Max core file size        0                    0")
		read(t, n.PID, "limits", "Max open files            16384                16384")
	}
}

func volumeNames(t *testing.T, r *Runtime) (names []string) {
	t.Helper()
	found, err := r.api.VolumeList(context.Background(), volume.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found.Volumes {
		names = append(names, v.Name)
	}
	slices.Sort(names)
	return names
}

// read wants a text in a file that the kernel has of a process.
func read(t *testing.T, pid int, name, want string) {
	t.Helper()
	data, err := os.ReadFile("/proc/" + itoa(pid) + "/" + name)
	if err != nil || !strings.Contains(string(data), want) {
		t.Errorf("%s has no %q (%v): %s", name, want, err, data)
	}
}

// holdMounts wants the options, all of them, of what a process has mounted.
func holdMounts(t *testing.T, pid int, wanted map[string]string) {
	t.Helper()
	data, err := os.ReadFile("/proc/" + itoa(pid) + "/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line) // place and options of the mount, and at the end those of the file system
		options := append(strings.Split(fields[5], ","), strings.Split(fields[len(fields)-1], ",")...)
		for _, want := range strings.FieldsFunc(wanted[fields[4]], func(c rune) bool { return c == ',' || c == ' ' }) {
			if !slices.Contains(options, want) {
				t.Errorf("%s is mounted %v, without %s", fields[4], options, want)
			}
		}
		seen[fields[4]] = true
	}
	for place := range wanted {
		if !seen[place] {
			t.Errorf("nothing is mounted at %s", place)
		}
	}
}

// TestTakenNamesLeaveTheirOwnersAlone starts a testbed that is there already.
func TestTakenNamesLeaveTheirOwnersAlone(t *testing.T) {
	r, testbed := testRuntime(t), bed("taken")
	clean(t, r, testbed)
	specs := nodeSpecs(t, testbed, 4, runtimetest.Agent)
	first, err := r.Start(context.Background(), specs[2:3], nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Start(context.Background(), specs, nil); err == nil || !strings.Contains(err.Error(), "testbed down") {
		t.Errorf("got %v, want advice to take the testbed down", err)
	}
	if left, err := r.Find(context.Background(), testbed); err != nil || !slices.Equal(left, first) {
		t.Errorf("%v are there (%v), want %v alone", left, err, first)
	}
	left, err := r.containers(context.Background(), r.api, LabelTestbed+"="+testbed, true)
	if err != nil || len(left) != 1 {
		t.Errorf("%d containers are there (%v), want 1", len(left), err)
	}
}

// TestRemoveTakesWhatWasOnlyCreated removes containers that never ran.
func TestRemoveTakesWhatWasOnlyCreated(t *testing.T) {
	r, testbed, ctx := testRuntime(t), bed("created"), context.Background()
	clean(t, r, testbed)
	api, err := r.connect()
	if err != nil {
		t.Fatal(err)
	}
	image, err := r.ensureImage(ctx, api)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range nodeSpecs(t, testbed, 3, runtimetest.Agent) {
		config := &container.Config{Image: image, Labels: labels(s, newLaunch().String())}
		if _, err := api.ContainerCreate(ctx, config, nil, nil, nil, containerName(testbed, s.Node)); err != nil {
			t.Fatal(err)
		}
	}
	if nodes, err := r.Find(ctx, testbed); err != nil || len(nodes) != 0 {
		t.Errorf("listed %v, %v: none of them runs", nodes, err)
	}
	if err := r.Remove(ctx, testbed, nil); err != nil {
		t.Fatal(err)
	}
	if left, err := r.containers(ctx, api, LabelTestbed+"="+testbed, true); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestSignalsMissStrangers shows that a number that is not the container's process is left alone.
func TestSignalsMissStrangers(t *testing.T) {
	if err := signalContainer(os.Getpid(), strings.Repeat("0123456789abcdef", 4), 0); err == nil {
		t.Error("this process was taken for a container's")
	}
	if err := signalContainer(os.Getpid(), "", 0); err == nil {
		t.Error("an empty ID was taken for any container's")
	}
}

func TestDynamicBinariesAreRefused(t *testing.T) {
	_, err := describeImage("/bin/sh", noderuntime.Secret{})
	if !errors.Is(err, noderuntime.ErrNotSupported) || !strings.Contains(err.Error(), "CGO_ENABLED=0") {
		t.Errorf("got %v", err)
	}
	if _, err := describeImage("/etc/hosts", noderuntime.Secret{}); err == nil {
		t.Error("a text file was taken for a binary")
	}
}
