package program

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testbed/emulator/internal/statefile"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

func compressed(t *testing.T, content string) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithSingleSegment(true)) // or short ones state no size
	if err != nil {
		t.Fatal(err)
	}
	return encoder.EncodeAll([]byte(content), nil)
}

// unchecked is a frame without a checksum, by which a program could not be told from another.
func unchecked(t *testing.T, content string) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false))
	if err != nil {
		t.Fatal(err)
	}
	return encoder.EncodeAll([]byte(content), nil)
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Fatalf("%s holds %q, %v; want %q", path, got, err, want)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode() != mode {
		t.Fatalf("%s is %v, %v; want %v", path, info.Mode(), err, os.FileMode(mode))
	}
}

// TestInstall installs over what may be there already.
func TestInstall(t *testing.T) {
	const content = "#!/bin/sh\nexit 0\n"
	elsewhere := filepath.Join(t.TempDir(), "another's")
	if err := os.WriteFile(elsewhere, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, before := range map[string]func(path string) error{
		"nothing":             func(string) error { return nil },
		"the same":            func(path string) error { return os.WriteFile(path, []byte(content), mode) },
		"half of it":          func(path string) error { return os.WriteFile(path, []byte(content[:5]), mode) },
		"not to be executed":  func(path string) error { return os.WriteFile(path, []byte(content), 0o600) },
		"a link to another's": func(path string) error { return os.Symlink(elsewhere, path) },
		"a link to nowhere":   func(path string) error { return os.Symlink("/nowhere/at/all", path) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "b")
			first, err := install(dir, compressed(t, content))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(first); err != nil {
				t.Fatal(err)
			}
			if err := before(first); err != nil {
				t.Fatal(err)
			}
			path, err := install(dir, compressed(t, content))
			if err != nil || path != first {
				t.Fatalf("%s, %v; want %s", path, err, first)
			}
			holds(t, path, content)
			if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != statefile.DirMode {
				t.Errorf("the directory is %v, %v", info.Mode(), err)
			}
			if got, _ := os.ReadFile(elsewhere); string(got) != content {
				t.Error("what a link led to was written")
			}
		})
	}
}

// TestWhereItCannotBeInstalled falls back to the controller, and leaves nothing half written.
func TestWhereItCannotBeInstalled(t *testing.T) {
	whole := compressed(t, strings.Repeat("x", 1000))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dir     string
		content []byte
	}{
		"below a file":  {filepath.Join(file, "d"), whole},
		"a file":        {file, whole},
		"cut short":     {t.TempDir(), whole[:len(whole)/2]},
		"of nothing":    {t.TempDir(), whole[:3]},
		"no checksum":   {t.TempDir(), unchecked(t, "x")},
		"not Zstandard": {t.TempDir(), bytes.Repeat([]byte("x"), 100)},
		"none built in": {t.TempDir(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			defer func(before []byte) { builtIn = before }(builtIn)
			builtIn = c.content
			if got := Node(c.dir, "/proc/self/exe").Path(); got != At("/proc/self/exe").Path() {
				t.Errorf("nodes run %s", got)
			}
			if left, _ := os.ReadDir(c.dir); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

func TestInstallAtOnce(t *testing.T) {
	dir, content := t.TempDir(), strings.Repeat("content", 100_000)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			path, err := install(dir, compressed(t, content))
			if got, _ := os.ReadFile(path); err != nil || string(got) != content {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	all.Wait()
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%v are there, want one", left)
	}
}

// TestProgramsUsedLastAreKept installs more builds than are kept, and uses the first again.
func TestProgramsUsedLastAreKept(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "key")
	left := filepath.Join(dir, "."+prefix+"123")
	for _, path := range []string{other, left} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(left, past, past); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for i := range kept + 2 {
		path, err := install(dir, compressed(t, fmt.Sprint("build ", i)))
		if err != nil {
			t.Fatal(err)
		}
		// As if it had been used two seconds after the one before.
		used := time.Now().Add(time.Duration(2*i-1000) * time.Second)
		if err := os.Chtimes(path, used, used); err != nil {
			t.Fatal(err)
		}
		if _, err := install(dir, compressed(t, "build 0")); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	for i, path := range paths {
		_, err := os.Stat(path)
		if want := i != 1 && i != 2; (err == nil) != want {
			t.Errorf("build %d of %d is there: %v, want %v", i, len(paths), err == nil, want)
		}
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what was half written is still there")
	}
}
