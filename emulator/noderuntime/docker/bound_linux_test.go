package docker

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
)

// TestBoundDirs hold little, are the same file system in both namespaces, and leave nothing.
func TestBoundDirs(t *testing.T) {
	testenv.Privileged(t)
	var files *os.File
	err := proc.OnSpareThread(func() (err error) {
		if err = unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
			return err
		}
		if err = unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err == nil {
			files, err = os.Open("/proc/thread-self/ns/mnt")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	nodes := filepath.Join(t.TempDir(), "a b")
	dir := filepath.Join(nodes, "n")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unboundDirs(nodes, files) })
	for range 2 {
		if err := boundDir(dir, files); err != nil {
			t.Fatal(err)
		}
	}
	at := filepath.Join(dir, "ctl")
	if err := os.WriteFile(at, []byte("here"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "large"), make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a megabyte is written: %v", err)
	}
	if err := inNamespace(files, func() error {
		text, err := os.ReadFile(at)
		if err == nil && string(text) != "here" {
			err = errors.New("another file system")
		}
		return err
	}); err != nil {
		t.Errorf("in the machine's namespace: %v", err)
	}
	if err := unboundDirs(nodes, files); err != nil {
		t.Fatal(err)
	}
	for name, look := range map[string]func(func() error) error{
		"here":           func(f func() error) error { return f() },
		"on the machine": func(f func() error) error { return inNamespace(files, f) },
	} {
		if err := look(func() error {
			mounted, err := boundBelow(nodes)
			if err == nil && len(mounted) > 0 {
				err = errors.New(mounted[0] + " is mounted")
			}
			return err
		}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
