package function_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/faas/function"
	"testbed/emulator/internal/testenv"
)

// TestRights: an instance has no rights, sees nothing of what is hidden, and cannot write but to its own /tmp.
func TestRights(t *testing.T) {
	testenv.Privileged(t)
	p := program(t, "rights")
	secrets := t.TempDir()
	if err := os.WriteFile(filepath.Join(secrets, "secret"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(secrets, 0o777), os.Chmod(filepath.Dir(secrets), 0o755)); err != nil {
		t.Fatal(err)
	}
	p.Hide = []string{secrets}
	p.Env = append(p.Env, "HIDDEN="+secrets, "OUTSIDE="+p.Dir)
	i := started(t, &function.Launcher{Node: "n", Log: io.Discard}, p)
	inv := request("")
	got, err := i.Invoke(t.Context(), inv)
	if err != nil {
		t.Fatal(err)
	}
	want := "Uid=65534,65534,65534,65534\nGid=65534,65534,65534,65534\nGroups=65534\n" +
		"CapPrm=0000000000000000\nCapEff=0000000000000000\nCapBnd=0000000000000000\nNoNewPrivs=1\n" +
		"pid=1\nprocesses=1\nhidden=0,true\noom=900\nwrite=true\nwrite=false\nwrite=false\nfill=false\n" +
		"environ=16\n/run=0\n/dev/pts=0\n"
	if string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestRoot: nothing is executed as root.
func TestRoot(t *testing.T) {
	testenv.Privileged(t)
	p := program(t, "rights")
	p.UID = 0
	if _, err := (&function.Launcher{Node: "n", Log: io.Discard}).Start(t.Context(), p); err == nil ||
		!strings.Contains(err.Error(), "as root") {
		t.Error(err)
	}
}

// TestUnreachable: a program that its user may not reach is told with the remedy.
func TestUnreachable(t *testing.T) {
	testenv.Privileged(t)
	l := &function.Launcher{Node: "n", Log: io.Discard}
	for _, bad := range []string{"", "script.py"} {
		p := program(t, "rights")
		path := p.Dir
		if bad != "" {
			path = filepath.Join(p.Dir, bad)
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			p.Command = append(p.Command, bad)
		} else if err := os.Chmod(p.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := l.Start(t.Context(), p)
		if err == nil || !strings.Contains(err.Error(), "may not reach "+path+": let others read") {
			t.Error(err)
		}
	}
}

// TestMemory: an instance that uses more than its memory is killed, and the error says so.
func TestMemory(t *testing.T) {
	testenv.Privileged(t)
	p := program(t, "eats")
	p.Memory = 64 << 20
	t.Cleanup(func() { nothingLeft(t) })
	i := started(t, &function.Launcher{Node: "n", Log: io.Discard}, p)
	_, err := i.Invoke(t.Context(), request("x"))
	if !errors.Is(err, function.ErrGone) {
		t.Fatal(err)
	}
	if !strings.Contains(err.Error(), "it used more than its memory") && !strings.Contains(err.Error(), "out of memory") {
		t.Error(err)
	}
}
