package emulator_test

import (
	"context"
	"strings"
	"testing"

	"testbed/emulator"
)

// Where nothing can be measured, as in memory, the testbed that was made for it is gone, and nothing is kept.
func TestAMeasurementThatFails(t *testing.T) {
	m, h, _ := onFakes(t)
	_, err := h.Measure(t.Context(), func(string) {})
	if err == nil || !strings.Contains(err.Error(), "measuring fabric") {
		t.Errorf("%v", err)
	}
	if names, err := h.Store.Names(); len(names) > 0 || err != nil || len(m.Networks()) > 0 {
		t.Errorf("left: %v, %v, %v", names, m.Networks(), err)
	}
	if kept, _, err := h.Capacity(); kept != nil || err != nil {
		t.Errorf("kept: %+v, %v", kept, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Measure(ctx, func(string) {}); err == nil {
		t.Error("it was measured after its end")
	}
}

// A run under way would be disturbed, and is named.
func TestNothingIsMeasuredBesideARun(t *testing.T) {
	_, h, e := onFakes(t)
	bed, err := h.Up(t.Context(), e, emulator.UpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lease, err := bed.Begin(t.Context(), "run-1")
	if err != nil {
		t.Fatal(err)
	}
	defer lease.End()
	_, err = h.Measure(t.Context(), func(string) {})
	if err == nil || !strings.Contains(err.Error(), "run-1 is under way") {
		t.Errorf("%v", err)
	}
}
