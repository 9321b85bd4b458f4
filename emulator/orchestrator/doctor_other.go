//go:build !linux

package orchestrator

import (
	"context"
	"runtime"
)

func capabilities(context.Context) []Capability {
	return []Capability{{Name: "linux", Found: runtime.GOOS,
		Follows: "validate, synth, simulate and compare work; up, run and exec do not", Remedy: "vagrant up"}}
}

// KernelRelease is empty where this is not Linux.
func KernelRelease() string { return "" }
