package emulator

import (
	"context"
	"strings"
	"testing"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/orchestrator"
)

// TestWhoLooksOnMachinesHasTheLock: what is brought up meanwhile is not to be taken for what was left.
func TestWhoLooksOnMachinesHasTheLock(t *testing.T) {
	h := &Host{Host: &orchestrator.Host{Store: orchestrator.Store(t.TempDir())}}
	spec, err := machines.Parse("unix:///run/tb-none.sock")
	if err != nil {
		t.Fatal(err)
	}
	err = h.Alone(t.Context(), "x", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := h.RemoveFrom(ctx, "x", spec, false, func(string) {})
		if err == nil || !strings.Contains(err.Error(), "changed by another process") {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
