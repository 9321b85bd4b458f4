package report

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/record"
)

// hostile are files that somebody may put in the place of one of a run's.
var hostile = map[string]func(path string) error{
	"a pipe":      func(path string) error { return syscall.Mkfifo(path, 0o644) },
	"/dev/zero":   func(path string) error { return os.Symlink("/dev/zero", path) },
	"/proc/kmsg":  func(path string) error { return os.Symlink("/proc/kmsg", path) },
	"a directory": func(path string) error { return os.Mkdir(path, 0o755) },
	"a link to itself": func(path string) error {
		return os.Symlink(filepath.Base(path), path)
	},
	"30 GB of nothing": sparse(30 << 30),
	"a line of 20 MB":  sparse(20 << 20),
	"27 MB that expand": func(path string) error {
		return os.WriteFile(path, []byte(`{"queues":[`+strings.Repeat("{},", 3<<20)+`{}],"vertices":[`+strings.Repeat("{},",
			3<<20)+`{}]}`), 0o644)
	},
	"deep nesting": func(path string) error {
		return os.WriteFile(path, []byte(strings.Repeat(`{"scenario":[`, 100_000)), 0o644)
	},
	"nothing": func(path string) error { return os.WriteFile(path, nil, 0o644) },
}

func sparse(size int64) func(string) error {
	return func(path string) error {
		return errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, size))
	}
}

// Whatever is in the place of one of a run's files, every reader says at once which file is wrong; none waits, or
// takes memory for what is only announced.
func TestHostileFiles(t *testing.T) {
	whole := generate(t, 8)
	for kind, put := range hostile {
		for _, name := range runFiles {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, name)
			if err := errors.Join(os.Remove(path), put(path)); err != nil {
				t.Fatal(err)
			}
			_, r, errs := everything(dir)
			err := errors.Join(errs...)
			if r != nil && len(r.Missing) == 0 || r == nil && (name != record.ManifestFile || err == nil ||
				!strings.Contains(err.Error(), path)) {
				t.Errorf("%s is %s: %v", name, kind, err)
			}
			empty := kind == "nothing" && name == record.SamplesFile // which says that there are no samples
			if r != nil && !empty && !strings.Contains(strings.Join(r.Missing, "\n"), name) {
				t.Errorf("%s is %s: the page does not say it: %q", name, kind, r.Missing)
			}
		}
	}
	if _, err := record.ReadManifest(t.TempDir()); !errors.Is(err, os.ErrNotExist) || errors.Is(err,
		readfile.ErrNotRegular) {
		t.Errorf("no manifest: %v", err)
	}
}
