//go:build !linux

package function

import (
	"context"
	"fmt"
	"io"
)

// Command is the hidden command that makes the program's binary an instance of a user's function.
const Command = "tb-function"

// Main is an instance's process, on Linux.
func Main() int { return 1 }

// Launcher starts programs as processes of this node, on Linux.
type Launcher struct {
	Node string
	Log  io.Writer
	Free bool
	Hide []string
}

// Start fails.
func (l *Launcher) Start(_ context.Context, p *Program) (*Instance, error) {
	return nil, fmt.Errorf("function %s on node %s: %w: it needs Linux", p.Name, l.Node, ErrNotSupported)
}
