package orchestrator

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestModesAreNotTheCallers: whatever umask the caller has, the store is private and nodes can read their names.
func TestModesAreNotTheCallers(t *testing.T) {
	for _, umask := range []int{0, 0o077, 0o777} {
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
				want = privateDir
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
