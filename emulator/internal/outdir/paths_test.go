package outdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestPathsOfDirectories(t *testing.T) {
	base := t.TempDir()
	t.Chdir(base)
	for _, path := range []string{
		"a/b/c", "./d//e/", filepath.Join(base, "f", "g"),
		"a/../h", "../" + filepath.Base(base) + "/i", "a/b/../../j",
	} {
		d := opened(t, path)
		if err := d.WriteFile("x", nil); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(path, "x")); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open("missing/dir"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := WriteFile("file", []byte("x")); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"", "file", "file/x"} {
		if _, err := Make(path); err == nil {
			t.Errorf("%q is made", path)
		}
	}
	for _, path := range []string{"", "a/", ".", "..", "missing/file"} {
		if err := WriteFile(path, nil); err == nil {
			t.Errorf("a file is written at %q", path)
		}
	}
}

// TestSomebodyExchangesNamesMeanwhile: whenever a link takes the place of what was looked at, nothing is
// written where it leads to.
func TestSomebodyExchangesNamesMeanwhile(t *testing.T) {
	outside, path := t.TempDir(), t.TempDir()
	victim := filepath.Join(outside, "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.RemoveAll(filepath.Join(path, "figures"))
			_ = os.Symlink(outside, filepath.Join(path, "figures"))
			_ = os.Remove(filepath.Join(path, "a"))
			_ = os.Symlink(victim, filepath.Join(path, "a"))
			_ = os.Remove(filepath.Join(path, "figures"))
			_ = os.Mkdir(filepath.Join(path, "figures"), 0o755)
			_ = os.Remove(filepath.Join(path, "a"))
		}
	}()
	d := opened(t, path)
	for range 300 {
		_ = d.WriteFile("a", []byte("x"))
		if f, err := d.OldRecord("a"); err == nil {
			_, _ = f.WriteString("x")
			f.Close()
		}
		if sub, err := d.Sub("figures"); err == nil {
			_ = sub.WriteFile("victim", []byte("x"))
			_ = sub.WriteFile("new", []byte("x"))
			sub.Close()
		}
	}
	close(stop)
	<-done
	if got := content(t, victim); got != "precious" {
		t.Errorf("the target of a link was overwritten: %q", got)
	}
	if got := entries(t, outside); !slices.Equal(got, []string{"victim"}) {
		t.Errorf("outside there is now %q", got)
	}
}
