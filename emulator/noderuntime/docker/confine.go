package docker

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"testbed/emulator/noderuntime"
	"testbed/emulator/units"
)

// What every node may use, however much its scenario says. images/README.md tells it.
const (
	maxPids   = 1024
	openFiles = 16384
	oomScore  = 500 // of -1000 to 1000: where memory runs out, nodes go before the fabric and the host's services
	// What a container prints is kept by the engine's driver "local", which is not to compress what it rotates: that
	// takes processors that the nodes are to have, for a megabyte. What the drivers cost drowns in noise:
	// BenchmarkContainer (24 containers, medians of 3) has the start at 0.89 of the default's with json-file, 0.95 with
	// local and 0.99 with none; the default is json-file.
	logDriver = "local"
	logSize   = "1m"
	logFiles  = "2"
	// Files in memory count as the node's memory.
	tmpSize    = 64 * units.MiB // of /tmp, and of each volume that an image declares
	runSize    = 16 * units.MiB // of /run
	sharedSize = 64 * units.MiB // of /dev/shm
	maxVolumes = 16
	// A node without a limit of its own gets a share of the host's memory, so that no single one takes all.
	// Limits reserve nothing: 81 nodes of a quarter each, of which they use 20 MiB, run on a host of 8 GiB.
	memoryShare  = 4
	leastMemory  = 256 * units.MiB
	sparseMemory = 1 * units.GiB // where the engine does not say what the host has
)

// image is an image that a node runs.
type image struct {
	name    string
	command []string // its own entrypoint and command
	volumes []string // directories that it declares as volumes, sorted
}

// configure is what the engine is asked to create for a node.
//
// The network is disabled, not only of kind none: the container gets a network namespace with nothing but
// lo either way, but engines up to 20.10 at least would run a large process of their own in it as the
// container starts. Without that a start takes 0.45 of the time (BenchmarkContainer: 1.2 s for 24 containers
// instead of 2.7 s, medians of 3).
func configure(s noderuntime.Spec, i image, e Engine, launch string) (*container.Config, *container.HostConfig) {
	config := &container.Config{
		Hostname:        s.Node,
		Image:           i.name,
		NetworkDisabled: true,
		Labels:          labels(s, launch),
	}
	host := confined(s.Limits, e)
	if s.HostsAt != "" {
		host.Mounts = append(host.Mounts, bind(s.HostsAt, hostsInside, true))
	}
	if s.Image == "" {
		host.IpcMode = "none" // the agent has no use for /dev/shm
	} else {
		config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}} // it would load the node
		host.ShmSize = int64(sharedSize)
		inMemory(host, i.volumes)
	}
	if len(s.Args) > 0 {
		config.Entrypoint, config.Cmd = []string{binaryInside}, s.Args
		config.User = "0" // without capabilities, but owner of Dir
		config.Env = []string{noderuntime.ReadyEnv + "=file:" + readyFile(s)}
		// An engine that maps users elsewhere must not do it here: Dir is root's.
		host.UsernsMode = "host"
		host.Mounts = append(host.Mounts, bind(s.Dir, s.Dir, false))
	}
	return config, host
}

// confined is what holds for every node. The engine's own filter of system calls and its profile for AppArmor
// stay in force.
func confined(l noderuntime.Limits, e Engine) *container.HostConfig {
	host := &container.HostConfig{
		NetworkMode:    "none",
		CapDrop:        []string{"ALL"},
		ReadonlyRootfs: true,
		SecurityOpt:    []string{"no-new-privileges"},
		OomScoreAdj:    oomScore,
		Init:           new(bool), // an engine may be configured to put a process of its own before the node's
		LogConfig: container.LogConfig{Type: logDriver,
			Config: map[string]string{"max-size": logSize, "max-file": logFiles, "compress": "false"}},
		Resources: resources(l, e),
	}
	if e.selinux {
		host.SecurityOpt = append(host.SecurityOpt, "label=disable") // it would keep nodes out of Dir
	}
	return host
}

// inMemory makes /tmp, /run and the directories that an image declares as volumes writable, in memory and
// bounded: the engine would make a volume of the host's disk for each of them, which nothing bounds.
func inMemory(host *container.HostConfig, volumes []string) {
	host.Tmpfs = map[string]string{}
	for dir, options := range map[string]string{
		"/tmp": fmt.Sprintf("rw,exec,nosuid,nodev,mode=1777,size=%d", int64(tmpSize)),
		"/run": fmt.Sprintf("rw,noexec,nosuid,nodev,mode=1777,size=%d", int64(runSize)),
	} {
		if !slices.Contains(volumes, dir) {
			host.Tmpfs[dir] = options
		}
	}
	for _, dir := range volumes { // as a mount the engine takes it for the volume; nosuid, nodev and noexec it adds
		host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeTmpfs, Target: dir,
			TmpfsOptions: &mount.TmpfsOptions{SizeBytes: int64(tmpSize), Mode: 0o1777}})
	}
}

// Where the engine or testbed has something of its own.
var (
	noVolume      = []string{"/", hostsInside, binaryInside}
	noVolumeBelow = []string{"proc", "sys", "dev"} // first elements of paths
)

// checkVolumes cleans and sorts the directories that an image declares as volumes, and refuses those that a
// node cannot do with.
func checkVolumes(name string, declared map[string]struct{}, taken []string) ([]string, error) {
	var volumes []string
	for dir := range declared {
		clean := path.Clean(dir)
		switch {
		case !path.IsAbs(dir) || slices.Contains(noVolume, clean) || slices.Contains(taken, clean) ||
			slices.Contains(noVolumeBelow, strings.SplitN(clean, "/", 3)[1]):
			return nil, fmt.Errorf("%w: the image %s declares a volume at %q, where a node cannot have one: "+
				"build one without it (no VOLUME)", noderuntime.ErrSpec, name, dir)
		case !slices.Contains(volumes, clean):
			volumes = append(volumes, clean)
		}
	}
	if len(volumes) > maxVolumes {
		return nil, fmt.Errorf("%w: the image %s declares %d volumes, and a node has %d at most",
			noderuntime.ErrSpec, name, len(volumes), maxVolumes)
	}
	slices.Sort(volumes)
	return volumes, nil
}

// withAgent adds to a container of a user's own image the agent, which starts the image's own command.
func withAgent(config *container.Config, host *container.HostConfig, binary string, i image) {
	host.Mounts = append(host.Mounts, bind(binary, binaryInside, true))
	if len(i.command) > 0 {
		config.Cmd = append(append(config.Cmd[:len(config.Cmd):len(config.Cmd)], "--"), i.command...)
	}
}

// resources are a node's limits, none above what the host has.
func resources(l noderuntime.Limits, e Engine) container.Resources {
	pids := int64(maxPids)
	cpu, memory := l.CPU, l.Memory
	if most := int64(e.CPUs) * 1000; most > 0 {
		cpu = min(cpu, most)
	}
	switch {
	case memory == 0 && e.Memory == 0:
		memory = sparseMemory
	case memory == 0:
		memory = max(e.Memory/memoryShare, leastMemory)
	}
	if e.Memory > 0 {
		memory = min(memory, e.Memory)
	}
	return container.Resources{
		NanoCPUs:   cpu * 1e6,
		Memory:     int64(memory),
		MemorySwap: int64(memory), // memory and swap together: no swap
		PidsLimit:  &pids,
		Ulimits: []*container.Ulimit{
			{Name: "nofile", Soft: openFiles, Hard: openFiles},
			{Name: "core", Soft: 0, Hard: 0}, // a core's place is the host's to choose
		},
	}
}

// bind mounts of the host what a node needs. What is mounted on either side later stays there.
func bind(source, target string, readOnly bool) mount.Mount {
	return mount.Mount{Type: mount.TypeBind, Source: source, Target: target, ReadOnly: readOnly,
		BindOptions: &mount.BindOptions{Propagation: mount.PropagationRPrivate}}
}
