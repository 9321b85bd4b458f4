//go:build !linux

package faas

import "fmt"

// command is a program that runs beside the agent.
type command struct{}

func startCommand([]string) (command, error) {
	return command{}, fmt.Errorf("a command beside the agent: %w: it needs Linux", ErrNotSupported)
}

func (*command) lookAfter() {}
