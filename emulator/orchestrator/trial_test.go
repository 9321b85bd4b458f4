package orchestrator

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestUpRefusesAHostThatIsNotFit(t *testing.T) {
	_, h := newFake(t)
	fine := h.Fabrics[0].Supported
	h.Fabrics[0].Supported = func(context.Context) error { return errors.New("no tun") }
	r := requestFor(t, "one")
	if _, err := h.Up(t.Context(), r); err == nil || !strings.Contains(err.Error(), "no tun") {
		t.Errorf("%v", err)
	}
	h.Fabrics[0].Supported = fine
	r.Try = func(_ context.Context, store Store, runtime, fabric string) error {
		if store != h.Store || runtime != "process" || fabric != "userspace" {
			t.Errorf("tried %s with %s in %s", runtime, fabric, store)
		}
		return errors.New("sysctl: read-only")
	}
	if _, err := h.Up(t.Context(), r); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("what was tried fails, and up: %v", err)
	}
	if made, err := h.Store.Names(); err != nil || len(made) > 0 {
		t.Errorf("the refused up made %v, %v", made, err)
	}
	r.Runtime = "podman"
	if _, err := h.Up(t.Context(), r); !errors.Is(err, ErrUnknownOption) {
		t.Errorf("%v", err)
	}
}
