package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"testbed/emulator/internal/outdir"
)

// TestFilesOfARunAreNotWrittenThroughLinks: a run's directory may have been in others' hands.
func TestFilesOfARunAreNotWrittenThroughLinks(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(outside, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(dir string) error{
		ManifestFile:      func(dir string) error { return (&Manifest{}).Write(dir) },
		TopologyFile:      func(dir string) error { return WriteTopology(dir, small()) },
		"prediction.csv":  func(dir string) error { return ReplaceFile(dir, "prediction.csv", []byte("x")) },
		"comparison.json": func(dir string) error { return ReplaceFile(dir, "comparison.json", []byte("x")) },
	} {
		dir := t.TempDir()
		if err := os.Symlink(outside, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
		if err := write(dir); !errors.Is(err, outdir.ErrInTheWay) {
			t.Errorf("%s: %v", name, err)
		}
		if text, err := os.ReadFile(outside); err != nil || string(text) != "precious" {
			t.Fatalf("%s: the target is now %q, %v", name, text, err)
		}
	}
}

// TestRunsTakeNoNameThatIsTaken: by a link that leads nowhere either.
func TestRunsTakeNoNameThatIsTaken(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	taken := filepath.Join(root, RunName("s", time.Unix(1_800_000_000, 0)))
	if err := os.Symlink(filepath.Join(outside, "none"), taken); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if d, err := MakeDirectory(root, filepath.Base(taken)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v, %v", d, err)
	}
	if _, err := os.Lstat(filepath.Join(outside, "none")); err == nil {
		t.Error("the link was followed")
	}
}
