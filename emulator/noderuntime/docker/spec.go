package docker

import (
	"fmt"
	"path/filepath"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"testbed/emulator/noderuntime"
)

const (
	longestName = 63 // that every version of the engine takes for a host name, in bytes
	maxPids     = 1024
	// What a container prints is kept by the engine's driver "local", which compresses what it rotates. What
	// the drivers cost drowns in noise: BenchmarkContainer (24 containers, medians of 3) has the start at 0.89
	// of the default's with json-file, 0.95 with local and 0.99 with none; the default is json-file.
	logDriver = "local"
	logSize   = "1m"
	logFiles  = "2"
)

// checkSpecs makes the paths of specs absolute and returns all that is wrong with them.
func checkSpecs(specs []noderuntime.Spec) ([]noderuntime.Spec, error) {
	return noderuntime.CheckSpecs(specs, func(s noderuntime.Spec) error {
		switch {
		case len(s.Node) > longestName:
			return fmt.Errorf("%w: %q cannot be a host's name: it has 1 to %d bytes and no slash", noderuntime.ErrSpec, s.Node, longestName)
		case len(s.Args) == 0 && s.Image == "":
			return fmt.Errorf("%w: %s has neither arguments nor an image", noderuntime.ErrSpec, s.Node)
		case s.Limits.CPU < 0 || s.Limits.Memory < 0:
			return fmt.Errorf("%w: %s has a limit below zero", noderuntime.ErrSpec, s.Node)
		case s.Testbed != specs[0].Testbed:
			return fmt.Errorf("%w: %s is of testbed %s, others are of %s: start one testbed at a time", noderuntime.ErrSpec, s.Node, s.Testbed, specs[0].Testbed)
		}
		return nil
	})
}

// readyFile is the file by which a node says that it is ready.
func readyFile(s noderuntime.Spec) string { return filepath.Join(s.Dir, ".ready-"+s.Node) }

// image is an image that a node runs.
type image struct {
	name    string
	command []string // its own entrypoint and command
}

// containerOf is what the engine is asked to create for a node.
//
// The network is disabled, not only of kind none: the container gets a network namespace with nothing but
// lo either way, but engines up to 20.10 at least would run a large process of their own in it as the
// container starts. Without that a start takes 0.45 of the time (BenchmarkContainer: 1.2 s for 24 containers
// instead of 2.7 s, medians of 3).
func containerOf(s noderuntime.Spec, i image, e Engine, launch string) (*container.Config, *container.HostConfig) {
	config := &container.Config{
		Hostname:        s.Node,
		Image:           i.name,
		NetworkDisabled: true,
		Labels:          map[string]string{LabelTestbed: s.Testbed, LabelNode: s.Node, LabelRun: s.Run, labelLaunch: launch},
	}
	host := &container.HostConfig{
		NetworkMode:    "none",
		CapDrop:        []string{"ALL"},
		ReadonlyRootfs: true,
		SecurityOpt:    []string{"no-new-privileges"},
		UsernsMode:     "host", // an engine that maps users elsewhere must not do it here: Dir is root's
		LogConfig:      container.LogConfig{Type: logDriver, Config: map[string]string{"max-size": logSize, "max-file": logFiles}},
		Resources:      resources(s.Limits, e),
	}
	if e.selinux {
		host.SecurityOpt = append(host.SecurityOpt, "label=disable") // it would keep nodes out of Dir
	}
	if s.HostsAt != "" {
		host.Mounts = append(host.Mounts, bind(s.HostsAt, "/etc/hosts", true))
	}
	if s.Image == "" {
		host.IpcMode = "none" // the agent has no use for /dev/shm
	} else {
		config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}} // it would load the node
		host.Tmpfs = map[string]string{"/tmp": "", "/run": ""}
	}
	if len(s.Args) > 0 {
		config.Entrypoint, config.Cmd = []string{binaryInside}, s.Args
		config.User = "0" // without capabilities, but owner of Dir
		config.Env = []string{noderuntime.ReadyEnv + "=file:" + readyFile(s)}
		host.Mounts = append(host.Mounts, bind(s.Dir, s.Dir, false))
	}
	return config, host
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
	if e.Memory > 0 {
		memory = min(memory, e.Memory)
	}
	return container.Resources{
		NanoCPUs:   cpu * 1e6,
		Memory:     int64(memory),
		MemorySwap: int64(memory), // memory and swap together: no swap
		PidsLimit:  &pids,
	}
}

func bind(source, target string, readOnly bool) mount.Mount {
	return mount.Mount{Type: mount.TypeBind, Source: source, Target: target, ReadOnly: readOnly}
}
