package docker

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/inside"
)

// hostTool runs a program of this host in a node's network, with the node's host name and the names of the other nodes,
// as this host's root. It never enters the container's mount or pid namespace: nothing that an image holds is run,
// nor read. hosts is the file that the node has as /etc/hosts; empty: none.
func (r *Runtime) hostTool(
	ctx context.Context, node noderuntime.Node, hosts string, args []string, stdio noderuntime.Stdio,
) (int, error) {
	as, err := same(node)
	if err == nil && !as.recorded {
		err = noSuchNode(node)
	}
	if err != nil {
		return -1, err
	}
	spaces, err := inside.Open(node, inside.UTS, inside.Net)
	if err != nil {
		return -1, err
	}
	defer inside.Close(spaces)
	files, err := r.files(ctx)
	if err != nil {
		return -1, err
	}
	if files != nil {
		defer files.Close()
	}
	place := inside.Place{Node: node.Node, Spaces: spaces, Private: true, Files: files, Prepare: func() error {
		// For /sys/class/net, as `ip netns exec` does. A container may forbid it.
		_ = unix.Mount("sysfs", "/sys", "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
		if hosts != "" {
			if err := unix.Mount(hosts, "/etc/hosts", "", unix.MS_BIND, ""); err != nil {
				return fmt.Errorf("putting %s over /etc/hosts: %w", hosts, err)
			}
		}
		return inside.HideNameServices()
	}}
	return inside.Run(ctx, place, args, stdio)
}

// files is the mount namespace of the engine's machine: that of the process that listens at the engine's socket; nil:
// this process is in it.
func (r *Runtime) files(ctx context.Context) (*os.File, error) {
	path, local := strings.CutPrefix(r.host, "unix://")
	if !r.machine || !local {
		return nil, nil
	}
	pid, err := listener(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("looking for the machine's programs: %w", err)
	}
	p, err := proc.Open(pid)
	if err != nil {
		return nil, fmt.Errorf("looking for the machine's programs: %w", err)
	}
	defer p.Close()
	return p.Namespace("mnt")
}
