package outdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func opened(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Make(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// entries are the names in a directory, hidden ones too.
func entries(t *testing.T, path string) []string {
	t.Helper()
	all, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

func TestFilesAreReplacedAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "results")
	d := opened(t, path)
	for _, text := range []string{"old", "new"} {
		f, err := d.Create("a.csv")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(filepath.Join(path, "a.csv"))
		if text == "new" && (err != nil || string(before) != "old") {
			t.Errorf("a reader meanwhile sees %q, %v", before, err)
		}
		if err := errors.Join(f.Sync(), f.Commit()); err != nil {
			t.Fatal(err)
		}
		if got := content(t, filepath.Join(path, "a.csv")); got != text {
			t.Errorf("%q, want %q", got, text)
		}
	}
	f, err := d.Create("b")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Abort(); err != nil {
		t.Error(err)
	}
	if err := errors.Join(d.WriteSynced("c", []byte("c")), d.WriteFile("c", []byte("d"))); err != nil {
		t.Error(err)
	}
	if got := entries(t, path); !slices.Equal(got, []string{"a.csv", "c"}) {
		t.Errorf("%q are there", got)
	}
}

func TestNothingIsWrittenOutsideOrThroughLinks(t *testing.T) {
	outside := t.TempDir()
	target := filepath.Join(outside, "target")
	if err := os.WriteFile(target, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	path := t.TempDir()
	d := opened(t, path)
	for name, to := range map[string]string{"absolute": target, "dangling": filepath.Join(outside, "none"), "dir": outside,
		"inside": "plain", "itself": "itself", "out": ".."} {
		if err := os.Symlink(to, filepath.Join(path, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(path, "plain"), []byte("p"), 0o644),
		os.Mkdir(filepath.Join(path, "full"), 0o755),
	); err != nil {
		t.Fatal(err)
	}
	attempts := map[string]func(string) error{
		"WriteFile":   func(n string) error { return d.WriteFile(n, []byte("x")) },
		"WriteSynced": func(n string) error { return d.WriteSynced(n, []byte("x")) },
		"path":        func(n string) error { return WriteFile(filepath.Join(path, n), []byte("x")) },
		"NewRecord":   func(n string) error { _, err := d.NewRecord(n); return err },
		"OldRecord":   func(n string) error { _, err := d.OldRecord(n); return err },
		"Read":        func(n string) error { _, err := d.Read(n); return err },
		"New":         func(n string) error { _, err := d.New(n); return err },
	}
	for what, attempt := range attempts {
		for _, name := range []string{"absolute", "dangling", "dir", "inside", "itself", "out", "full"} {
			err := attempt(name)
			if !errors.Is(err, ErrInTheWay) && !errors.Is(err, fs.ErrExist) {
				t.Errorf("%s %s: %v", what, name, err)
			}
		}
		for _, name := range []string{"", ".", "..", "../x", "a/b", "/etc/x", "full/x", "a/"} {
			if what == "path" {
				continue // paths may lead anywhere
			}
			if err := attempt(name); err == nil {
				t.Errorf("%s takes the name %q", what, name)
			}
		}
	}
	for _, name := range []string{"absolute", "dir", "out", "itself", "plain"} {
		if _, err := d.Sub(name); !errors.Is(err, ErrInTheWay) {
			t.Errorf("Sub %s: %v", name, err)
		}
	}
	if got := content(t, target); got != "precious" {
		t.Errorf("the target of a link was overwritten: %q", got)
	}
	if got := entries(t, outside); !slices.Equal(got, []string{"target"}) {
		t.Errorf("outside there is now %q", got)
	}
	if err := d.Remove("absolute"); err != nil || content(t, target) != "precious" {
		t.Errorf("removing a link: %v", err)
	}
}

// TestSecondNamesOfAFileKeepIt: a file of several names is replaced under one of them, and never written in
// place.
func TestSecondNamesOfAFileKeepIt(t *testing.T) {
	path := t.TempDir()
	d := opened(t, path)
	victim := filepath.Join(path, "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(victim, filepath.Join(path, "a.csv")); err != nil {
		t.Skip("no hard links here:", err)
	}
	if _, err := d.OldRecord("a.csv"); !errors.Is(err, ErrInTheWay) {
		t.Errorf("going on in a file of two names: %v", err)
	}
	if err := d.WriteFile("a.csv", []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, victim) + content(t, filepath.Join(path, "a.csv")); got != "preciousnew" {
		t.Errorf("%q", got)
	}
}

func TestRecordsGrowInPlace(t *testing.T) {
	d := opened(t, t.TempDir())
	if _, err := d.OldRecord("r"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an old record that is not there: %v", err)
	}
	f, err := d.NewRecord("r")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("one\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.NewRecord("r"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a new record over an old one: %v", err)
	}
	if f, err = d.OldRecord("r"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("two\n"), 4); err != nil {
		t.Error(err)
	}
	f.Close()
	if f, err = d.Read("r"); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := content(t, filepath.Join(d.Path(), "r")); got != "one\ntwo\n" {
		t.Errorf("%q", got)
	}
}

func TestWhatAKilledProcessLeft(t *testing.T) {
	d := opened(t, t.TempDir())
	left, err := d.Create("big.parquet")
	if err != nil {
		t.Fatal(err)
	}
	left.file.Close()
	for _, name := range []string{"kept.tmp", ".tb-short.tmp", "kept"} {
		if err := d.WriteFile(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.RemoveTemporary(); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, d.Path()); !slices.Equal(got, []string{".tb-short.tmp", "kept", "kept.tmp"}) {
		t.Errorf("%q are left", got)
	}
}

func TestTemporaryDirectory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	d, err := Temporary("x-")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.WriteFile("a", nil); err != nil {
		t.Error(err)
	}
	if err := d.RemoveAll(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(d.Path()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
