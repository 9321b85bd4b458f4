package function_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/faas/function"
	"testbed/emulator/internal/testenv"
)

// TestOwner: only who has called sudo lends a program his rights, and only to what is his.
func TestOwner(t *testing.T) {
	testenv.Privileged(t)
	const user, group, other = 4711, 4712, 4713
	dir := t.TempDir()
	made := func(name string, uid int) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.Mkdir(path, 0o755), os.Chown(path, uid, 0)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	his, roots, others := made("his", user), made("roots", 0), made("others", other)
	for _, c := range []struct {
		sudo, dir, program string
		uid                int
	}{
		{"4711", his, roots, user},
		{"4711", his, his, user},
		{"4711", his, others, 65534},
		{"4711", others, roots, 65534},
		{"4711", roots, roots, 65534},
		{"4711", "", "", user},
		{"", his, roots, 65534},
		{"0", roots, roots, 65534},
		{"-1", his, roots, 65534},
	} {
		t.Setenv("SUDO_UID", c.sudo)
		t.Setenv("SUDO_GID", "4712")
		uid, gid, err := function.Owner(c.dir, c.program)
		if want := map[int]int{user: group, 65534: 65534}[c.uid]; err != nil || uid != c.uid || gid != want {
			t.Errorf("%+v: user %d, group %d, %v", c, uid, gid, err)
		}
	}
}

// TestReadAs: nobody has root read for him what he may not read, not by a link either.
func TestReadAs(t *testing.T) {
	testenv.Privileged(t)
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	secret, public, link := filepath.Join(dir, "secret"), filepath.Join(dir, "public"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(secret, []byte("s"), 0o640), os.WriteFile(public, []byte("p"), 0o644),
		os.Symlink(secret, link)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{secret, link} {
		if content, err := function.ReadAs(65534, 65534, path, 10); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %q, %v", path, content, err)
		}
	}
	if content, err := function.ReadAs(65534, 65534, public, 10); string(content) != "p" || err != nil {
		t.Errorf("%q, %v", content, err)
	}
	if _, err := os.ReadFile(secret); err != nil { // this thread has kept its rights
		t.Error(err)
	}
}
