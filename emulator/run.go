package emulator

import (
	"context"
	"runtime"

	"testbed/emulator/doctor"
	"testbed/emulator/run"
)

// Run replays the testbed's workload, records, predicts and compares, and leaves a run's directory. Of the
// configuration it completes what follows from the testbed: see run.Run. It fails with an error that wraps
// orchestrator.ErrBusy while another run is under way.
func (b *Bed) Run(ctx context.Context, c run.Config) (*run.Outcome, error) {
	e, err := b.Scenario()
	if err != nil {
		return &run.Outcome{}, err
	}
	if err := CheckMemory(e); err != nil {
		return &run.Outcome{}, err
	}
	c.Bed, c.Scenario, c.Version, c.Kernel = run.On(b.Bed, b.host.Prober), e, b.host.Version, kernel()
	return run.Run(ctx, c)
}

// kernel names the operating system's kernel, for the manifest.
func kernel() string { return runtime.GOOS + "/" + runtime.GOARCH + " " + doctor.KernelRelease() }
