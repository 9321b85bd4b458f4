package outdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// alice has called sudo, mallory is somebody else.
const alice, mallory = 12345, 12346

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("REQUIRE_PRIVILEGED") == "1" {
			t.Fatal("this test needs root")
		}
		t.Skip("this test needs root")
	}
}

func sudo(t *testing.T, uid, gid string) {
	t.Setenv("SUDO_UID", uid)
	t.Setenv("SUDO_GID", gid)
}

// describe is the type, mode and owner of all that is below a directory.
func describe(t *testing.T, base string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(base, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == base {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		relative, _ := filepath.Rel(base, path)
		lines = append(lines, fmt.Sprintf("%s %v %d:%d", relative, info.Mode(), stat.Uid, stat.Gid))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// fill makes one of each thing.
func fill(t *testing.T, path string) {
	t.Helper()
	d, err := Make(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	sub, err := d.Sub("figures")
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	record, err := d.NewRecord("samples.lp")
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	if err := errors.Join(sub.WriteFile("f.svg", nil), d.WriteSynced("m.json", nil)); err != nil {
		t.Fatal(err)
	}
}

func TestModesDoNotDependOnTheUmask(t *testing.T) {
	sudo(t, "", "")
	for _, mask := range []int{0, 0o022, 0o077, 0o777} {
		if mask == 0o777 && os.Geteuid() != 0 {
			continue // nobody but root could go on in what it leaves
		}
		base := t.TempDir()
		before := syscall.Umask(mask)
		fill(t, filepath.Join(base, "results", "run"))
		syscall.Umask(before)
		me := fmt.Sprintf("%d:%d", os.Geteuid(), os.Getegid())
		want := strings.ReplaceAll(`results drwxr-xr-x ME
results/run drwxr-xr-x ME
results/run/figures drwxr-xr-x ME
results/run/figures/f.svg -rw-r--r-- ME
results/run/m.json -rw-r--r-- ME
results/run/samples.lp -rw-r--r-- ME`, "ME", me)
		if got := describe(t, base); got != want {
			t.Errorf("umask %#o:\n%s\nwant\n%s", mask, got, want)
		}
	}
}

func TestIncompleteFilesAreNobodyElses(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	d := opened(t, t.TempDir())
	f, err := d.Create("a")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	if info, err := os.Stat(filepath.Join(d.Path(), f.temporary)); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestResultsBelongToTheUserOfSudo(t *testing.T) {
	asRoot(t)
	base := t.TempDir()
	sudo(t, "", "")
	fill(t, filepath.Join(base, "before"))
	sudo(t, fmt.Sprint(alice), fmt.Sprint(mallory))
	fill(t, filepath.Join(base, "results", "run"))
	for _, line := range strings.Split(describe(t, base), "\n") {
		want := fmt.Sprintf("%d:%d", alice, mallory)
		if strings.HasPrefix(line, "before") {
			want = "0:0"
		}
		if !strings.HasSuffix(line, " "+want) {
			t.Errorf("%s, want %s", line, want)
		}
	}
	d := opened(t, filepath.Join(base, "before"))
	if err := d.WriteFile("mine", nil); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(describe(t, base), "\n") {
		if strings.HasPrefix(line, "before") && strings.HasSuffix(line, " 0:0") == strings.HasPrefix(line, "before/mine ") {
			t.Errorf("what was there before: %s", line)
		}
	}
}

func TestStrangeNumbersOfSudoAreIgnored(t *testing.T) {
	asRoot(t)
	good := fmt.Sprint(alice)
	for _, ids := range [][2]string{
		{"x", good}, {good, ""}, {good, "1 "}, {"-1", good}, {"4294967295", good}, {"+5", good}, {"007", good},
		{good, "0x10"}, {"4294967296", good}, {"1e3", good}, {good, "12345\n"},
	} {
		sudo(t, ids[0], ids[1])
		base := t.TempDir()
		fill(t, filepath.Join(base, "run"))
		for _, line := range strings.Split(describe(t, base), "\n") {
			if !strings.HasSuffix(line, " 0:0") {
				t.Errorf("%q: %s", ids, line)
			}
		}
	}
}

// TestRootFollowsNoStrangersLink: a directory that is given by its path is reached by links of root and of the
// user of sudo only.
func TestRootFollowsNoStrangersLink(t *testing.T) {
	asRoot(t)
	sudo(t, fmt.Sprint(alice), fmt.Sprint(alice))
	base, target := t.TempDir(), t.TempDir()
	t.Chdir(base)
	link := func(name, to string, uid int) {
		t.Helper()
		if err := errors.Join(os.Symlink(to, name), os.Lchown(name, uid, uid)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("d", 0o755); err != nil {
		t.Fatal(err)
	}
	link("root", target, 0)
	link("alice", "root", alice)
	link("mallory", target, mallory)
	link("chain", "mallory", 0)
	link("d/up", "../alice", alice)
	link("loop", "loop", 0)
	for _, path := range []string{"root", "alice", "root/a/b", "d/up", "d/up/../x", filepath.Join(base, "d", "up")} {
		if d, err := Make(path); err != nil {
			t.Errorf("%s: %v", path, err)
		} else if err := errors.Join(d.WriteFile("x", nil), d.Close()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	before := describe(t, target)
	for _, path := range []string{
		"mallory", "mallory/x", "chain", "chain/x/y", "d/../mallory", filepath.Join(base, "mallory"), "loop", "loop/x",
	} {
		if _, err := Make(path); err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("%s: %v", path, err)
		}
		if err := WriteFile(filepath.Join(path, "file"), nil); err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("%s/file: %v", path, err)
		}
	}
	if after := describe(t, target); after != before {
		t.Errorf("a stranger's link was followed:\n%s\nbefore:\n%s", after, before)
	}
}

// TestNamedPipesAreNotWaitedFor: who opens one waits for its other end, for ever.
func TestNamedPipesAreNotWaitedFor(t *testing.T) {
	d := opened(t, t.TempDir())
	if err := syscall.Mkfifo(filepath.Join(d.Path(), "pipe"), 0o666); err != nil {
		t.Fatal(err)
	}
	for what, attempt := range map[string]func() error{
		"Read":      func() error { _, err := d.Read("pipe"); return err },
		"OldRecord": func() error { _, err := d.OldRecord("pipe"); return err },
		"WriteFile": func() error { return d.WriteFile("pipe", nil) },
		"Sub":       func() error { _, err := d.Sub("pipe"); return err },
	} {
		if err := attempt(); !errors.Is(err, ErrInTheWay) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
