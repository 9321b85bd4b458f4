package remote

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/noderuntime"
)

// TestFilesOfNodes reach their directory, for root alone, and no other place.
func TestFilesOfNodes(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, "password")
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, at); err != nil { // as a node may leave it
		t.Fatal(err)
	}
	for _, content := range []string{"one", "other", "other"} {
		s := noderuntime.Spec{Node: "n", Dir: dir, Files: map[string][]byte{"password": []byte(content)}}
		if err := writeFiles(s); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(at)
		info, failed := os.Lstat(at)
		if err != nil || failed != nil || string(got) != content || info.Mode() != 0o600 {
			t.Errorf("%q, %v, %v", got, info, errors.Join(err, failed))
		}
	}
	if got, err := os.ReadFile(outside); err != nil || string(got) != "kept" {
		t.Errorf("what a link led to: %q, %v", got, err)
	}
	for name, content := range map[string][]byte{"../x": nil, "/etc/x": nil, "": nil, ".": nil, "..": nil, "a/b": nil,
		"large": make([]byte, mostFile+1)} {
		s := noderuntime.Spec{Node: "n", Dir: dir, Files: map[string][]byte{name: content}}
		if err := writeFiles(s); !errors.Is(err, noderuntime.ErrSpec) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
