package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"testbed/emulator"
	"testbed/emulator/fabric"
	fabrics "testbed/emulator/fabric/spread"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
	"testbed/emulator/record"
)

// The code follows from what kind of error it is, not from what the system said that it wraps.
func TestExitCodeOfErrors(t *testing.T) {
	check, failure := failedCheck("off"), errors.New("broken")
	gone := &outputError{syscall.EPIPE}
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, ExitOK}, {failure, ExitFailure}, {check, ExitCheck}, {usagef("x"), ExitUsage}, {gone, ExitReaderGone},
		{fmt.Errorf("tc: %w", fs.ErrNotExist), ExitFailure},
		{fmt.Errorf("changing: %w", &fs.PathError{Op: "open", Path: "/sys/x", Err: syscall.ENOENT}), ExitFailure},
		{&outputError{syscall.ENOSPC}, ExitFailure}, {fmt.Errorf("the engine: %w", syscall.EPIPE), ExitFailure},
		{errors.Join(check, failure), ExitFailure}, {errors.Join(failure, check), ExitFailure},
		{errors.Join(gone, check), ExitCheck}, {errors.Join(check, gone), ExitCheck},
		{errors.Join(gone, failure), ExitFailure}, {errors.Join(failure, usagef("x")), ExitUsage},
		{errors.Join(errors.Join(check, nil), errors.Join(nil, failure)), ExitFailure},
		{errors.Join(failure, fmt.Errorf("netem: %w", fabric.ErrNotSupported)), ExitUnsupported},
		{fmt.Errorf("x: %w", noderuntime.ErrNotSupported), ExitUnsupported},
		{fmt.Errorf("x: %w", context.Canceled), ExitInterrupted},
		{fmt.Errorf("%w: %w", record.ErrUnsound, failure), ExitCheck}, {fmt.Errorf("x: %w", emulator.ErrInput), ExitUsage},
		{fmt.Errorf("x: %w", orchestrator.ErrUnknownOption), ExitUsage},
		{fmt.Errorf("x: %w", orchestrator.ErrNotRunning), ExitFailure},
		{fmt.Errorf("x: %w", fabrics.ErrNoAnswer), ExitLost}, {fmt.Errorf("x: %w", control.ErrLost), ExitLost},
		{errors.Join(failure, fmt.Errorf("x: %w", carrier.ErrUnreachable)), ExitLost},
		{&coded{error: errors.New(""), code: 7}, 7}, {errors.Join(&coded{error: errors.New(""), code: 7}, failure), 7},
	} {
		if got, _ := exitCode(c.err); got != c.code {
			t.Errorf("%v: exit %d, want %d", c.err, got, c.code)
		}
	}
}
