package orchestrator

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/statefile"
	"testbed/emulator/internal/testenv"
)

// TestModesAreNotTheCallers: whatever umask the caller has, the store is private and nodes can read their names.
func TestModesAreNotTheCallers(t *testing.T) {
	umasks := []int{0, 0o077}
	if os.Geteuid() == 0 {
		umasks = append(umasks, 0o777) // nobody else gets into a directory that he has made so
	}
	for _, umask := range umasks {
		before := unix.Umask(umask)
		_, h := newFake(t)
		_, err := h.Up(context.Background(), requestOf(t, "one"))
		unix.Umask(before)
		if err != nil {
			t.Fatalf("umask %o: %v", umask, err)
		}
		seen := 0
		err = filepath.WalkDir(string(h.Store), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			seen++
			info, err := d.Info()
			want := private
			switch {
			case d.IsDir():
				want = statefile.DirMode
			case d.Name() == "hosts":
				want = public
			}
			if err == nil && info.Mode().Perm() != want {
				t.Errorf("umask %o: %s has mode %v, want %v", umask, strings.TrimPrefix(path, string(h.Store)), info.Mode(), want)
			}
			return err
		})
		if err != nil || seen < 8 {
			t.Errorf("umask %o: %d files, %v", umask, seen, err)
		}
		_ = os.RemoveAll(string(h.Store))
	}
}

// TestNodesOfImagesCannotFillTheHost: what nodes write has a bound, and goes with the testbed, also after a crash.
func TestNodesOfImagesCannotFillTheHost(t *testing.T) {
	testenv.Privileged(t)
	_, h := newFake(t)
	r := requestOf(t, "one")
	r.Node = func(Station, string) NodeConfig { return NodeConfig{Image: "some/image:1"} }
	if _, err := h.Up(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	dir := h.Store.NodeDir("one", "a")
	err := os.WriteFile(filepath.Join(dir, "much"), make([]byte, 4<<20), 0o600)
	if !errors.Is(err, unix.ENOSPC) {
		t.Errorf("4 MiB: %v, want that there is no space", err)
	}
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o4755); err != nil && !errors.Is(err, unix.ENOSPC) {
		t.Error(err)
	}
	if err := exec.Command(program).Run(); err == nil {
		t.Error("a program that a node left is executed")
	}
	if err := h.Store.boundNodes("one", 3); err != nil { // as if somebody had died between two attempts
		t.Fatal(err)
	}
	if err := h.Down(context.Background(), "one", nil); err != nil {
		t.Fatal(err)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil || strings.Contains(string(mounts), string(h.Store)) {
		t.Errorf("a mount is left (%v):\n%s", err, mounts)
	}
	if _, err := os.Stat(string(h.Store)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the store is left: %v", err)
	}
}
