package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/unixpeer"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
)

// dialled is a control connection to an agent that shares a directory with its machine.
func dialled(t *testing.T, dir string) Opener {
	t.Helper()
	here, there := net.Pipe()
	agent, err := control.Agent(there, map[string]control.Handler{
		DialService: func(stream net.Conn) { ServeDial(context.Background(), stream, "/nowhere", dir) },
	})
	if err != nil {
		t.Fatal(err)
	}
	controller, err := control.Controller(here, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(controller.Close(), agent.Close()) })
	return controller
}

// listening answers, at a socket, all that a connection brings once it has been brought.
func listening(t testing.TB, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				text, _ := io.ReadAll(conn)
				_, _ = conn.Write([]byte(strings.ToUpper(string(text))))
			}()
		}
	}()
}

// node is a process as a node's first one.
func node(t *testing.T, pid int) noderuntime.Node {
	t.Helper()
	p, err := proc.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	return noderuntime.Node{Node: "n", Machine: "b", PID: p.PID, Start: p.Start}
}

// TestDialReachesTheNodesSocket, and each direction ends by itself.
func TestDialReachesTheNodesSocket(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, strings.Repeat("d", 100), "n", "ctl") // longer than a socket's address may be
	listening(t, filepath.Join(dir, "s"))
	if err := os.MkdirAll(filepath.Dir(deep), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "s"), deep); err != nil {
		t.Fatal(err)
	}
	to, text := dialled(t, dir), strings.Repeat("what a node is asked ", 50_000)
	conn, err := Dial(t.Context(), to, deep, node(t, os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		_, _ = io.WriteString(conn, text)
		_ = conn.(interface{ CloseWrite() error }).CloseWrite()
	}()
	if got, err := io.ReadAll(conn); err != nil || string(got) != strings.ToUpper(text) {
		t.Errorf("%d bytes came back of %d: %v", len(got), len(text), err)
	}
}

// TestDialRefuses all but the socket of the node that is meant, below the agent's directories.
func TestDialRefuses(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	good := filepath.Join(dir, "n", "ctl")
	listening(t, good)
	listening(t, filepath.Join(outside, "ctl"))
	me, other := node(t, os.Getpid()), node(t, os.Getppid())
	later := me
	later.Start++
	links := map[string]string{"n/link": good, "away": outside, "n/up": ".."}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	to := dialled(t, dir)
	for name, c := range map[string]struct {
		path string
		node noderuntime.Node
		want error
	}{
		"another process's":         {good, other, unixpeer.ErrOther},
		"of a process that ended":   {good, later, noderuntime.ErrNoSuchNode},
		"of no process":             {good, noderuntime.Node{Machine: "b"}, noderuntime.ErrNoSuchNode},
		"outside":                   {filepath.Join(outside, "ctl"), me, noderuntime.ErrSpec},
		"outside, by ..":            {dir + "/../" + filepath.Base(outside) + "/ctl", me, noderuntime.ErrSpec},
		"inside, by ..":             {dir + "/n/../n/ctl", me, noderuntime.ErrSpec},
		"the directory":             {dir + "/", me, noderuntime.ErrSpec},
		"none":                      {"", me, noderuntime.ErrSpec},
		"nothing there":             {dir + "/n/none", me, fs.ErrNotExist},
		"by a link":                 {dir + "/n/link", me, nil},
		"by a link to a directory":  {dir + "/away/ctl", me, nil},
		"by a link to the way back": {dir + "/n/up/n/ctl", me, nil},
		"a file":                    {dir + "/file", me, nil},
	} {
		conn, err := Dial(t.Context(), to, c.path, c.node)
		if err == nil {
			conn.Close()
		}
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), "machine b: ") {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if conn, err := Dial(t.Context(), to, good, me); err != nil {
		t.Errorf("the one that is meant: %v", err)
	} else {
		conn.Close()
	}
}

// TestDialEnds with its context, also where the machine says nothing.
func TestDialEnds(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	silent := answered(func(conn net.Conn) {
		cancel(why)
		_, _ = io.Copy(io.Discard, conn)
	})
	if _, err := Dial(ctx, silent, "/x", noderuntime.Node{Machine: "b"}); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	mute := answered(func(net.Conn) {})
	if _, err := Dial(t.Context(), mute, "/x", noderuntime.Node{}); !errors.Is(err, control.ErrLost) {
		t.Errorf("who says nothing: %v", err)
	}
}

// FuzzBeneath: whatever path is given, what is opened lies below the directory.
func FuzzBeneath(f *testing.F) {
	top := f.TempDir()
	dir := filepath.Join(top, "in")
	listening(f, filepath.Join(dir, "n", "ctl"))
	listening(f, filepath.Join(top, "out", "ctl"))
	for name, target := range map[string]string{"a": "../out", "b": "/", "n/c": "ctl", "d": "n"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			f.Fatal(err)
		}
	}
	for _, s := range []string{"n/ctl", "a/ctl", "../out/ctl", "n/c", "d/ctl", "", ".", "n//ctl", "b/etc", "n/\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		file, err := beneath(dir+"/"+rest, []string{dir})
		if err != nil {
			return
		}
		defer file.Close()
		at, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", file.Fd()))
		if err != nil || !strings.HasPrefix(at, dir+"/") || at != dir+"/"+rest {
			t.Errorf("%q leads to %q, %v", rest, at, err)
		}
	})
}
