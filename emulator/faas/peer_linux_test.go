package faas

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"testbed/emulator/internal/unixpeer"
)

const strangerVariable = "TESTBED_TEST_STRANGER"

// TestStranger is another process: it listens at a socket, and prints how many bytes each connection brought.
func TestStranger(t *testing.T) {
	socket := os.Getenv(strangerVariable)
	if socket == "" {
		t.Skip("it runs as a child of other tests")
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("ready")
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		text, _ := io.ReadAll(c)
		fmt.Printf("bytes %d\n", len(text))
		c.Close()
	}
}

// stranger starts another process that listens at a socket, and returns its number and its output.
func stranger(t *testing.T, socket string) (int, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestStranger$")
	cmd.Env = append(os.Environ(), strangerVariable+"="+socket)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return cmd.Process.Pid, lines
		}
	}
	t.Fatal("the other process does not listen")
	return 0, nil
}

func TestOnlyTheProcessThatIsMeantIsTalkedTo(t *testing.T) {
	a, _ := agentWith(t, Config{}, nil)
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	pid, lines := stranger(t, other)
	link := filepath.Join(dir, "link") // in place of a node's socket, a link to another node's
	if err := os.Symlink(other, link); err != nil {
		t.Fatal(err)
	}
	mine := NewClient(a.config.Control, WithPeerPID(os.Getpid()))
	defer mine.Close()
	if err := mine.Health(t.Context()); err != nil {
		t.Errorf("the agent that is meant: %v", err)
	}
	for name, c := range map[string]*Client{
		"a stranger's socket":   NewClient(other, WithPeerPID(os.Getpid())),
		"a link to another's":   NewClient(link, WithPeerPID(os.Getpid())),
		"our socket, their pid": NewClient(a.config.Control, WithPeerPID(pid)),
		"no pid":                NewClient(a.config.Control, WithPeerPID(0)),
	} {
		_, err := c.Run(t.Context(), oneCall())
		if !errors.Is(err, ErrPeer) || !strings.Contains(err.Error(), c.socket) || !strings.Contains(err.Error(), "want ") {
			t.Errorf("%s: %v", name, err)
		}
		if seeded := c.Seed(t.Context(), "k/0", 5); !errors.Is(seeded, ErrPeer) {
			t.Errorf("%s: %v", name, seeded)
		}
	}
	if n := a.Stats().Chains + int64(a.Stats().States); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
	for range 4 { // two clients, two requests each
		if !lines.Scan() || lines.Text() != "bytes 0" {
			t.Errorf("the stranger got %q", lines.Text())
		}
	}
}

// A process of a pid namespace that is not to be seen here has the number 0, which no client accepts.
func TestPeerOfNoNumberIsRefused(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if err := unixpeer.Check(a, os.Getpid()); !errors.Is(err, ErrPeer) {
		t.Errorf("no unix socket: %v", err)
	}
}

func TestControlSocketIsItsOwnersAlone(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077, 0o777} {
		before := syscall.Umask(mask)
		path := filepath.Join(t.TempDir(), "ctl")
		os.Chmod(filepath.Dir(path), 0o700)
		// As it is at bind, before any chmod: there is no moment at which it is wider.
		listen := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return narrow(c) }}
		narrowed, err := listen.Listen(t.Context(), "unix", path)
		if err != nil {
			t.Fatal(err)
		}
		if got := mode(t, path); got&^controlMode != 0 {
			t.Errorf("umask %04o: %04o when it is made", mask, got)
		}
		narrowed.Close()
		l, err := listenControl(t.Context(), path)
		syscall.Umask(before)
		if err != nil {
			t.Fatal(err)
		}
		if got := mode(t, path); got != controlMode {
			t.Errorf("umask %04o: %04o", mask, got)
		}
		l.Close()
	}
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// otherProtocol is the header of a number that no version has.
const otherProtocol = headerProtocol + ": 9999\r\n"

func TestOtherProtocolsAreRefused(t *testing.T) {
	a, _ := agentWith(t, Config{}, nil)
	for _, header := range []string{"", otherProtocol} {
		conn, err := net.Dial("unix", a.config.Control)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "PUT /state/k/0?bytes=5 HTTP/1.1\r\nHost: x\r\n"+header+"\r\n")
		status, text := answer(t, conn)
		if status != http.StatusBadRequest || !strings.Contains(text, "number "+protocolHeader[0]) || a.Stats().States != 0 {
			t.Errorf("request with %q: %d %q", header, status, text)
		}
	}
	for header, want := range map[string]string{otherProtocol: `"9999"`, "": `"none"`} {
		c := impostor(t, func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\n"+header+"Content-Length: 2\r\n\r\n{}") })
		_, err := c.Stats(t.Context())
		if !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "number "+protocolHeader[0]) ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("agent with %q: %v", header, err)
		}
	}
}
