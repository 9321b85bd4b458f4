package process

import (
	"context"

	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/inside"
)

// entered are the namespaces that a command runs in, the mount namespace last: /proc is another one there.
var entered = []inside.Kind{inside.PID, inside.UTS, inside.Net, inside.Mounts}

// Exec runs a command in a node, whose files are the host's, as inside.Run does. It fails with
// noderuntime.ErrNoSuchNode where the node does not run any more.
func (r *Runtime) Exec(
	ctx context.Context, node noderuntime.Node, args []string, stdio noderuntime.Stdio,
) (int, error) {
	spaces, err := inside.Open(node, entered...)
	if err != nil {
		return -1, err
	}
	defer inside.Close(spaces)
	place := inside.Place{Node: node.Node, Spaces: spaces, Prepare: prepare}
	return inside.Run(ctx, place, args, stdio)
}

// prepare makes good in a node's mount namespace what only commands need.
func prepare() error {
	ensureMounts()
	return inside.HideLateServices()
}
