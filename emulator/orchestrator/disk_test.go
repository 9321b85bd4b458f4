package orchestrator

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What nodes have on disk goes with the testbed, also where nothing else is left of it, as after a reboot; and a
// testbed finds nothing of an earlier one's.
func TestWhatNodesHaveOnDiskGoes(t *testing.T) {
	for _, apart := range []bool{false, true} {
		fake, h := newFake(t)
		if apart {
			h.Disk = filepath.Join(t.TempDir(), "disk")
		}
		ctx := context.Background()
		write := func(testbed string) string {
			dir := h.DiskDir(testbed, "a")
			err := os.MkdirAll(dir, 0o700)
			if err = errors.Join(err, os.WriteFile(filepath.Join(dir, "log"), []byte("x"), 0o600)); err != nil {
				t.Fatal(err)
			}
			return dir
		}
		write("one")
		old := write("two")
		if err := os.MkdirAll(filepath.Join(h.disk(), "No name"), 0o700); err != nil {
			t.Fatal(err)
		}
		if names, err := h.All(ctx); err != nil || !slices.Equal(names, []string{"one", "two"}) {
			t.Errorf("all: %v, %v", names, err)
		}
		if _, err := h.Up(ctx, requestOf(t, "two")); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a new testbed finds the files of an earlier one: %v", err)
		}
		write("two")
		if err := os.Remove(filepath.Join(h.disk(), "No name")); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"one", "two"} {
			if err := h.Down(ctx, name, nil); err != nil {
				t.Fatal(err)
			}
		}
		nothingLeft(t, fake, h)
		if _, err := os.Stat(h.disk()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("left: %v", err)
		}
	}
}
