package docker

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/term"

	"testbed/emulator/noderuntime"
)

// resizeEvery is how often the terminal's size is looked at while a command has it.
const resizeEvery = 250 * time.Millisecond

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && f != nil && term.IsTerminal(int(f.Fd()))
}

// terminal hands the caller's terminal over to a command that has one, and returns how to take it back.
func (e *execution) terminal(stdio noderuntime.Stdio) (func(), error) {
	if !e.tty {
		return func() {}, nil
	}
	in, out := int(stdio.In.(*os.File).Fd()), int(stdio.Out.(*os.File).Fd())
	state, err := term.MakeRaw(in)
	if err != nil {
		return nil, fmt.Errorf("the terminal: %w", err)
	}
	ctx, cancel := context.WithCancel(e.calls)
	go e.resize(ctx, out)
	return func() {
		cancel()
		_ = term.Restore(in, state)
	}, nil
}

// resize keeps the command's terminal as large as the caller's.
func (e *execution) resize(ctx context.Context, terminal int) {
	var width, height int
	for look := time.NewTicker(resizeEvery); ; {
		if w, h, err := term.GetSize(terminal); err == nil && (w != width || h != height) {
			err := e.call(ctx, "size of the terminal", func(ctx context.Context) error {
				return e.api.ContainerExecResize(ctx, e.id, container.ResizeOptions{Width: uint(w), Height: uint(h)})
			})
			if err == nil {
				width, height = w, h
			}
		}
		select {
		case <-ctx.Done():
			look.Stop()
			return
		case <-look.C:
		}
	}
}
