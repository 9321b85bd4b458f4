//go:build !linux

package docker

import (
	"context"

	"testbed/emulator/noderuntime"
)

func (*Runtime) hostTool(
	context.Context, noderuntime.Node, string, []string, noderuntime.Stdio,
) (int, error) {
	return -1, unsupported("programs of this host run in a node's network through Linux's namespaces", nil)
}
