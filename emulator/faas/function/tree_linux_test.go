package function_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/faas/function"
	"testbed/emulator/internal/testenv"
)

// found asks a program what it finds at paths, by path.
func found(t *testing.T, p *function.Program, paths ...string) map[string]string {
	t.Helper()
	i := started(t, &function.Launcher{Node: "n", Log: io.Discard}, p)
	inv := request(strings.Join(paths, "\n"))
	got, err := i.Invoke(t.Context(), inv)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(got)) {
		path, what, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		all[path] = what
	}
	return all
}

// files writes files with their modes, below directories that everybody may enter.
func files(t *testing.T, all map[string]os.FileMode) {
	t.Helper()
	for path, mode := range all {
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("secret"), mode),
			os.Chmod(path, mode))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestFunctionsSeeWhatTheyNeed: of the host an instance finds what is installed, its own directory, and what it names;
// neither root's files, nor anybody's home, nor what other functions or testbeds have, whoever may read that.
func TestFunctionsSeeWhatTheyNeed(t *testing.T) {
	testenv.Privileged(t)
	p := program(t, "looks")
	p.Memory = 0
	aside := t.TempDir()
	if err := errors.Join(os.Chmod(aside, 0o755), os.Chmod(filepath.Dir(aside), 0o755)); err != nil {
		t.Fatal(err)
	}
	neighbour := filepath.Join(aside, "neighbour", "state")
	private, open := filepath.Join(p.Dir, "private"), filepath.Join(p.Dir, "open")
	library, closed := filepath.Join(aside, "library", "m.py"), filepath.Join(aside, "closed", "n.py")
	files(t, map[string]os.FileMode{neighbour: 0o644, private: 0o600, open: 0o644, library: 0o644, closed: 0o644})
	if err := os.Chmod(filepath.Dir(closed), 0o700); err != nil {
		t.Fatal(err)
	}
	p.Env = append(p.Env, "PYTHONPATH="+filepath.Dir(library)+":"+filepath.Dir(closed))
	pid := fmt.Sprintf("/proc/%d/environ", os.Getpid())
	secrets := []string{"/root", "/home", "/var/lib", "/var/log", "/srv", "/sys", "/boot", "/etc/shadow", "/etc/sudoers",
		"/etc/ssh", "/etc/ssl/private", "/run", pid, neighbour, private, closed, "/proc/1/root/root", "/mnt", "/opt"}
	got := found(t, p, slices.Concat(secrets, []string{"/", "/var", "/etc/passwd", "/dev", open, library, "/usr"})...)
	for _, path := range secrets {
		if what := got[path]; what != "no" && what != "" {
			t.Errorf("%s: %.100q", path, what)
		}
	}
	for path, want := range map[string]string{open: "secret", library: "secret", "/var": "tmp"} {
		if got[path] != want {
			t.Errorf("%s: %.100q, want %q", path, got[path], want)
		}
	}
	if !strings.Contains(got["/etc/passwd"], "root") || !strings.Contains(got["/usr"], "bin") ||
		!strings.Contains(got["/dev"], "urandom") {
		t.Errorf("what is installed: %v", got)
	}
	for _, name := range strings.Fields(got["/"]) {
		if slices.Contains([]string{"root", "home", "boot", "srv", "sys", "mnt", "opt"}, name) {
			t.Errorf("/%s is there", name)
		}
	}
}

// TestVirtualEnvironments: a program behind links in a virtual environment sees that, and what it is based on.
func TestVirtualEnvironments(t *testing.T) {
	testenv.Privileged(t)
	p := program(t, "looks")
	p.Memory = 0
	aside := t.TempDir()
	based, venv := filepath.Join(aside, "python", "bin", "python3"), filepath.Join(aside, "venv")
	module := filepath.Join(venv, "lib", "m.py")
	standard := filepath.Join(aside, "python", "lib", "os.py")
	files(t, map[string]os.FileMode{module: 0o644, standard: 0o644, filepath.Join(aside, "other", "x"): 0o644})
	err := errors.Join(os.Chmod(aside, 0o755), os.Chmod(filepath.Dir(aside), 0o755),
		os.MkdirAll(filepath.Dir(based), 0o755), os.MkdirAll(filepath.Join(venv, "bin"), 0o755), os.Rename(p.Path, based),
		os.Symlink(based, filepath.Join(venv, "bin", "python")),
		os.WriteFile(filepath.Join(venv, "pyvenv.cfg"), []byte("home = "+filepath.Dir(based)+"\n"), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	p.Path, p.Command = filepath.Join(venv, "bin", "python"), []string{"python"}
	got := found(t, p, module, standard, filepath.Join(aside, "other"), aside)
	want := map[string]string{
		module: "secret", standard: "secret", filepath.Join(aside, "other"): "no", aside: "python venv",
	}
	for path, what := range want {
		if got[path] != what {
			t.Errorf("%s: %q, want %q", path, got[path], what)
		}
	}
}
