package emulator_test

import (
	"testing"

	"testbed/emulator/fabric/userspace"
)

// What this host can do is measured, and kept. The bounds are wide: tests run beside others.
func TestMeasure(t *testing.T) {
	h := newReal(t).host()
	before, err := h.Store.Names()
	if err != nil {
		t.Fatal(err)
	}
	m, err := h.Measure(t.Context(), func(phase string) { t.Log(phase) })
	if err != nil {
		t.Fatal(err)
	}
	if m.Starts < 2 || m.Starts > 10_000 || m.Runtime == "" || m.Kernel == "" || m.Processors < 1 {
		t.Errorf("%+v", m)
	}
	for _, f := range m.Fabrics {
		if f.Short.Packets < 2000 || f.Short.Packets > 1e8 || f.Long.Packets < 1000 || f.Long.Packets > 1e8 {
			t.Errorf("%s: %+v", f.Name, f)
		}
		if f.Name == userspace.Name && (f.LateP99 == nil || *f.LateP99 <= 0 || *f.LateP99 > 1) {
			t.Errorf("%s: late by %v", f.Name, f.LateP99)
		}
	}
	kept, current, err := h.Capacity()
	if err != nil || !current || len(kept.Fabrics) != len(m.Fabrics) || kept.Starts != m.Starts {
		t.Errorf("%+v, %v, %v", kept, current, err)
	}
	if after, err := h.Store.Names(); err != nil || len(after) != len(before) {
		t.Errorf("left: %v, %v", after, err)
	}
	for _, line := range m.Lines() {
		t.Log(line)
	}
}
