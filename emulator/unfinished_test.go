package emulator_test

import (
	"errors"
	"strings"
	"testing"

	"testbed/emulator"
	"testbed/emulator/internal/fake"
	"testbed/emulator/internal/fake/fakehost"
	"testbed/emulator/orchestrator"
	"testbed/emulator/scenario"
)

// An apply that is killed when the network is another already leaves something that says so, and that the next one
// finishes.
func TestAnApplyThatWasKilled(t *testing.T) {
	m, h, e := onFakes(t)
	ctx := t.Context()
	if _, err := h.Up(ctx, e, emulator.UpOptions{}); err != nil {
		t.Fatal(err)
	}
	const gateway = "    gw: {kind: switch}\n"
	more := load(t, strings.Replace(fakehost.Scenario, gateway, gateway+"    gw2: {kind: switch}\n", 1))
	bed, err := h.Open(ctx, "tiny")
	if err != nil {
		t.Fatal(err)
	}
	m.Kill("tiny", "nuc") // so that the network is made anew
	m.Fail(fake.After(fake.Apply), fake.ErrKilled)
	func() {
		defer func() { _ = recover() }()
		_, err = bed.Apply(ctx, "test", more, nil)
		t.Errorf("it is not killed: %v", err)
	}()
	m.Fail(fake.After(fake.Apply), nil)
	if bed, err = h.Open(ctx, "tiny"); err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"reset": func() error { return bed.ResetLinks(ctx, "test", nil) },
		"a run": func() error { _, err := bed.Begin(ctx, "x"); return err },
	} {
		if err := do(); !errors.Is(err, orchestrator.ErrUnfinished) {
			t.Errorf("%s: %v", what, err)
		}
	}
	p, err := scenario.ParseProperties([]string{"rate=3Mbps"})
	if err != nil {
		t.Fatal(err)
	}
	if err := bed.SetLinks(ctx, "test", []string{"wifi"}, p); err != nil {
		t.Errorf("what needs no origin: %v", err)
	}
	if _, err := bed.Apply(ctx, "test", more, nil); err != nil {
		t.Fatal(err)
	}
	if err := bed.ResetLinks(ctx, "test", nil); err != nil {
		t.Error(err)
	}
	if err := h.Remove(ctx, "tiny", false, nil); err != nil || !m.Empty() {
		t.Error(err)
	}
}
