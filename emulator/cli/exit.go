package cli

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"testbed/emulator"
	"testbed/emulator/fabric"
	fabrics "testbed/emulator/fabric/spread"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
	"testbed/emulator/record"
)

// The exit codes, as the README documents them.
const (
	ExitOK          = 0
	ExitFailure     = 1   // something went wrong on the way
	ExitUsage       = 2   // the scenario or the command line is wrong; nothing was done
	ExitUnsupported = 3   // the host lacks a privilege or capability; `testbed doctor` tells which
	ExitCheck       = 4   // all was carried out, and a check failed: verify, state, --fail-if, an altered run
	ExitLost        = 5   // one of several machines was lost or does not answer; `down` finishes once it is back
	ExitInterrupted = 130 // Ctrl-C or SIGTERM; what was made has been removed
	ExitReaderGone  = 141 // who read the output went away, as in testbed ls | head; nothing else is amiss, nothing is said
)

// coded is an error with an exit code and, where there is one, a hint at the remedy.
type coded struct {
	error
	code int
	hint string
	own  bool // the code is that of a command that got the interrupts itself: it stands whatever they were
}

func (e *coded) Unwrap() error { return e.error }

// usage marks an error as the input's.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &coded{error: err, code: ExitUsage}
}

func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// failedCheck marks an error as the outcome of a check.
func failedCheck(format string, args ...any) error {
	return &coded{error: fmt.Errorf(format, args...), code: ExitCheck}
}

// joined is the type of several errors beside one another, unlike one that wraps several.
var joined = reflect.TypeOf(errors.Join(errors.New("")))

// precedence orders the exit codes of errors that occur together: that a check failed says that all else was carried
// out, and that nobody reads the output that all is well.
var precedence = []int{ExitInterrupted, ExitUsage, ExitUnsupported, ExitLost, ExitFailure, ExitCheck, ExitReaderGone}

// exitCode is the exit code for an error, and the hint that goes with it.
func exitCode(err error) (int, string) {
	if err == nil || reflect.TypeOf(err) != joined {
		return singleCode(err)
	}
	best, code, hint := len(precedence)+1, ExitFailure, ""
	for _, part := range err.(interface{ Unwrap() []error }).Unwrap() {
		c, h := exitCode(part)
		rank := slices.Index(precedence, c) // -1: the status of a command that exec has run
		if rank < best {
			best, code, hint = rank, c, h
		}
	}
	return code, hint
}

// singleCode is exitCode of an error that is one.
func singleCode(err error) (int, string) {
	var known *coded
	var below *machines.BelowFloorError
	switch {
	case err == nil:
		return ExitOK, ""
	case errors.As(err, &known):
		return known.code, known.hint
	case readerGone(err):
		return ExitReaderGone, ""
	case errors.Is(err, carrier.ErrUnreachable), errors.Is(err, control.ErrLost), errors.Is(err, fabrics.ErrNoAnswer):
		return ExitLost, ""
	case errors.As(err, &below):
		return ExitUsage, ""
	case errors.Is(err, context.Canceled):
		return ExitInterrupted, ""
	case errors.Is(err, noderuntime.ErrNotSupported), errors.Is(err, fabric.ErrNotSupported):
		return ExitUnsupported, "`testbed doctor` shows what this host offers"
	case errors.Is(err, record.ErrUnsound):
		return ExitCheck, ""
	case errors.Is(err, emulator.ErrInput), errors.Is(err, orchestrator.ErrUnknownOption):
		return ExitUsage, ""
	}
	return ExitFailure, ""
}
