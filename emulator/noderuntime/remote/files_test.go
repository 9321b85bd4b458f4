package remote

import (
	"errors"
	"io"
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

// TestNodesLearnNames: a file that nodes have is written in place, and none is made where there is no node.
func TestNodesLearnNames(t *testing.T) {
	dir := t.TempDir()
	at, none := filepath.Join(dir, "hosts"), filepath.Join(dir, "none")
	if err := os.WriteFile(at, []byte("10.0.0.1 a\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	open, err := os.Open(at) // as a mount holds it
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	const names = "10.0.0.1 a\n10.0.0.2 b\n"
	o := operation{dirs: []string{dir}, request: request{Op: opHosts,
		Hosts: map[string][]byte{at: []byte(names), none: []byte(names)}}}
	if _, err := o.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(open); err != nil || string(got) != names {
		t.Errorf("nodes have %q, %v", got, err)
	}
	if _, err := os.Lstat(none); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file that no node has: %v", err)
	}
	o.Hosts = map[string][]byte{"/etc/tb-hosts": []byte(names)}
	if _, err := o.run(t.Context()); !errors.Is(err, noderuntime.ErrSpec) {
		t.Errorf("elsewhere: %v", err)
	}
}
