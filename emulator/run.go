package emulator

import (
	"context"
	"runtime"

	"testbed/emulator/orchestrator"
	"testbed/emulator/session"
)

// Run replays the testbed's workload, records, predicts and compares, and leaves a run's directory. Of the
// configuration it completes what follows from the testbed: see session.Run. It fails with an error that wraps
// orchestrator.ErrBusy while another run is under way.
func (b *Bed) Run(ctx context.Context, c session.Config) (*session.Outcome, error) {
	e, err := b.Experiment()
	if err != nil {
		return &session.Outcome{}, err
	}
	if err := CheckMemory(e); err != nil {
		return &session.Outcome{}, err
	}
	c.Bed, c.Experiment, c.Version, c.Kernel = session.On(b.Bed), e, b.host.Version, kernel()
	return session.Run(ctx, c)
}

// kernel names the operating system's kernel, for the manifest.
func kernel() string { return runtime.GOOS + "/" + runtime.GOARCH + " " + orchestrator.KernelRelease() }
