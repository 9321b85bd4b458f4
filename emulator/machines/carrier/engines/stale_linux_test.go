package engines

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTunnelsOfKilledProgramsAreRemoved, and no directory that is in use, new, another user's, or none of a tunnel's.
func TestTunnelsOfKilledProgramsAreRemoved(t *testing.T) {
	in, long := t.TempDir(), time.Now().Add(-time.Hour)
	directory := func(name string, at time.Time) string {
		dir := filepath.Join(in, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "docker.sock"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, at, at); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	left, used := directory("tb-ssh-left", long), directory("tb-ssh-used", long)
	keep := []string{used, directory("tb-ssh-new", time.Now()), directory("other", long)}
	held, err := hold(used)
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		others := directory("tb-ssh-others", long)
		if err := os.Chown(others, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		keep = append(keep, others)
	}
	link := filepath.Join(in, "tb-ssh-link")
	if err := os.Symlink(keep[2], link); err != nil {
		t.Fatal(err)
	}
	removeStale(in)
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", left, err)
	}
	for _, dir := range keep {
		if _, err := os.Lstat(filepath.Join(dir, "docker.sock")); err != nil {
			t.Error(err)
		}
	}
	if err := held.Close(); err != nil { // as the kernel does with a program that is killed
		t.Fatal(err)
	}
	removeStale(in)
	if _, err := os.Lstat(used); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", used, err)
	}
}
