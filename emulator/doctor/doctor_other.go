//go:build !linux

package doctor

import (
	"context"
	"runtime"

	"testbed/emulator/catalogue"
)

func systemChecks() []check {
	return []check{{"linux", func(_ context.Context, c Capability) Capability {
		return c.lacking(runtime.GOOS, "validate, synth, simulate and compare work; up, run and exec do not", "vagrant up")
	}}}
}

// KernelRelease is empty where this is not Linux.
func KernelRelease() string { return "" }

// trySystem has nothing to try: the runtimes and fabrics say that they need Linux.
func trySystem([]catalogue.Trial) error { return nil }
