package netns

import (
	"errors"
	"os"
	"testing"

	"testbed/emulator/internal/testenv"
)

func inside(t *testing.T) string {
	t.Helper()
	name, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestEachEntersItsNamespaces(t *testing.T) {
	testenv.Privileged(t)
	outside := inside(t)
	var paths []string
	for range 3 {
		h, err := New()
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		paths = append(paths, h.Path())
	}
	var seen []string
	if err := Each(paths, func(int) error { seen = append(seen, inside(t)); return nil }); err != nil {
		t.Fatal(err)
	}
	different := map[string]bool{outside: true}
	for i, name := range seen {
		if different[name] {
			t.Errorf("%s seen twice, or outside", name)
		}
		different[name] = true
		if err := Do(paths[i], func() error {
			if got := inside(t); got != name {
				t.Errorf("Do enters %s, Each %s", got, name)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	if len(seen) != 3 || inside(t) != outside {
		t.Errorf("seen %v, and now in %s, not %s", seen, inside(t), outside)
	}
}

func TestEachStopsAtAnError(t *testing.T) {
	testenv.Privileged(t)
	h, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	failure, calls := errors.New("failure"), 0
	err = Each([]string{h.Path(), h.Path()}, func(int) error { calls++; return failure })
	if !errors.Is(err, failure) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	if err := Each([]string{"/no/such"}, func(int) error { return nil }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such namespace: %v", err)
	}
}
