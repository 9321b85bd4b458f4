//go:build !linux

package capture

import (
	"context"
	"errors"

	"golang.org/x/net/bpf"
)

// Capture needs Linux.
func (Devices) Capture(context.Context, []bpf.RawInstruction, Sink) error {
	return errors.New("capturing at nodes' interfaces needs Linux")
}

func wallAhead() int64 { return 0 }
