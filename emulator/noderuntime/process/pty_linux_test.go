package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
)

// executorArgument makes the test binary a program that executes a command in a node, on the terminal that it has,
// as `testbed exec` does, and then says how it finds the terminal.
const executorArgument = "test-executor"

// executor executes args in the node that the environment describes; "read" says that it then reads a line.
func executor(args []string) int {
	var node noderuntime.Node
	if err := json.Unmarshal([]byte(os.Getenv("TB_TEST_NODE")), &node); err != nil {
		fmt.Println(err)
		return 1
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGHUP)
	r := New(program.At("/proc/self/exe"), nil)
	r.Names = ""
	stdio := noderuntime.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Signals: signals}
	code, err := r.Exec(context.Background(), node, args, stdio)
	group, _ := unix.IoctlGetInt(0, unix.TIOCGPGRP)
	modes, _ := unix.IoctlGetTermios(0, unix.TCGETS)
	fmt.Printf("\n[status %d, error %v, foreground %v, cooked %v]\n", code, err, group == unix.Getpgrp(),
		modes != nil && modes.Lflag&(unix.ICANON|unix.ECHO) == unix.ICANON|unix.ECHO)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	fmt.Printf("[read %q, error %v]\n", strings.TrimSpace(line), err)
	return 0
}

// pty is the master's end of a pseudo terminal, with all that was written to it.
type pty struct {
	*testing.T
	master *os.File
	mu     sync.Mutex
	text   bytes.Buffer
	ended  chan struct{} // nobody has the other end open any more
}

// onTerminal starts a command as the leader of a session of its own on a new terminal.
func onTerminal(t *testing.T, command *exec.Cmd) *pty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals:", err)
	}
	t.Cleanup(func() { master.Close() })
	number := 0
	control, err := master.SyscallConn() // with Fd, reads would block for ever
	if err != nil {
		t.Fatal(err)
	}
	_ = control.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	command.Stdin, command.Stdout, command.Stderr = slave, slave, slave
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	testenv.StartTied(t, command)
	p := &pty{T: t, master: master, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		_, _ = io.Copy(p, master) // until the last one closes the other end
	}()
	return p
}

// Write keeps what was written to the terminal.
func (p *pty) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(text)
}

func (p *pty) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// expect waits until the terminal shows a text.
func (p *pty) expect(text string) {
	p.Helper()
	shown := func() bool { return strings.Contains(p.String(), text) }
	if !testenv.Holds(shown) {
		p.Fatalf("the terminal does not show %q in %v, but %q", text, testenv.Patience, p.String())
	}
}

// typed types at the terminal.
func (p *pty) typed(text string) {
	p.Helper()
	if _, err := io.WriteString(p.master, text); err != nil {
		p.Fatal(err)
	}
}

// execOn executes a command in a node from a terminal of its own.
func execOn(t *testing.T, node noderuntime.Node, args ...string) (*pty, *exec.Cmd) {
	t.Helper()
	record, err := json.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("/proc/self/exe", append([]string{executorArgument}, args...)...)
	command.Env = append(os.Environ(), "TB_TEST_NODE="+string(record))
	return onTerminal(t, command), command
}

// usable checks that the terminal is as before: the reader in the foreground, lines and echo, and that it can be read.
func (p *pty) usable(status string) {
	p.Helper()
	p.expect("[status " + status + ", error <nil>, foreground true, cooked true]")
	p.typed("hello\n")
	p.expect(`[read "hello", error <nil>]`)
}

// TestInterruptIsTheCommandsAffair types Ctrl-C at a command that handles it and takes its time: longer than what a
// called-off command is given.
func TestInterruptIsTheCommandsAffair(t *testing.T) {
	_, node := oneNode(t, "int")
	p, _ := execOn(t, node, "sh", "-c", `n=0; trap 'n=$((n+1)); echo caught $n' INT; echo begun
		while [ $n = 0 ]; do sleep 0.05; done; sleep 3; echo after all $n; exit 7`)
	p.expect("begun")
	p.typed("\x03")
	p.expect("caught 1")
	p.expect("after all 1") // once: what the terminal sends is not repeated
	p.usable("7")
}

// TestInterruptInAPipeline: there the command shares a process group with the others, and what the terminal sends to
// all of them is not repeated.
func TestInterruptInAPipeline(t *testing.T) {
	_, node := oneNode(t, "pipe")
	record, err := json.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	script := `n=0; trap 'n=$((n+1))' INT; echo begun; while [ $n = 0 ]; do sleep 0.05; done; sleep 1
		echo after all $n; exit 7`
	command := exec.Command("sh", "-c", `"$@" | (trap "" INT; cat)`, "sh",
		mustExecutable(t), executorArgument, "sh", "-c", script)
	command.Env = append(os.Environ(), "TB_TEST_NODE="+string(record))
	p := onTerminal(t, command)
	p.expect("begun")
	p.typed("\x03")
	p.expect("after all 1")
	p.usable("7")
}

func TestQuitIsPassedOn(t *testing.T) {
	_, node := oneNode(t, "quit")
	p, _ := execOn(t, node, "sh", "-c", `trap 'echo quit; exit 5' QUIT; echo begun; while :; do sleep 0.05; done`)
	p.expect("begun")
	p.typed("\x1c")
	p.usable("5")
	if text := p.String(); strings.Contains(text, "goroutine ") {
		t.Errorf("a dump of goroutines: %s", text)
	}
}

// TestSignalsArePassedOn sends signals to the program that executes a command, not to the command.
func TestSignalsArePassedOn(t *testing.T) {
	_, node := oneNode(t, "pass")
	for _, s := range []struct {
		signal syscall.Signal
		name   string
	}{{unix.SIGTERM, "TERM"}, {unix.SIGHUP, "HUP"}} {
		script := `trap 'echo got it; exit 6' ` + s.name + `; echo begun; while :; do sleep 0.05; done`
		p, command := execOn(t, node, "sh", "-c", script)
		p.expect("begun")
		if err := command.Process.Signal(s.signal); err != nil {
			t.Fatal(err)
		}
		p.expect("got it")
		p.usable("6")
	}
}

// TestTerminalIsGivenBack has commands leave the terminal raw, and in the hands of a group that is gone.
func TestTerminalIsGivenBack(t *testing.T) {
	_, node := oneNode(t, "tty")
	for what, c := range map[string]struct {
		script, status string
	}{
		"a shell with job control": {`set -m; sleep 0.1; stty raw -echo; sh -c 'exit 3'`, "3"},
		"raw and killed":           {`stty raw -echo; kill -9 $$`, "137"},
		"killed in the foreground": {`set -m; sh -c 'stty raw -echo; kill -9 $PPID; kill -9 $$'`, "137"},
	} {
		t.Run(what, func(t *testing.T) {
			if _, err := exec.LookPath("stty"); err != nil {
				t.Skip("stty is not installed")
			}
			p, _ := execOn(t, node, "sh", "-c", c.script)
			p.usable(c.status)
		})
	}
}

// TestStoppedWithItsCommand types Ctrl-Z: command and executing program stop together, as a shell's job does.
func TestStoppedWithItsCommand(t *testing.T) {
	_, node := oneNode(t, "stop")
	// The shell that the job belongs to: a session's leader is not stopped from its terminal.
	record, err := json.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	script := `echo begun; while ! read line; do :; done; echo "line $line"; exit 4`
	command := exec.Command("bash", "-c", `set -m; "$@"; echo "[job stopped $?]"; fg >/dev/null`, "bash",
		mustExecutable(t), executorArgument, "sh", "-c", script)
	command.Env = append(os.Environ(), "TB_TEST_NODE="+string(record))
	p := onTerminal(t, command)
	p.expect("begun")
	p.typed("\x1a")
	p.expect("[job stopped 148]")
	p.typed("more\n")
	p.expect("line more")
	p.usable("4")
}

func mustExecutable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCommandsStartWhereTheCallerIs writes a file by a relative path.
func TestCommandsStartWhereTheCallerIs(t *testing.T) {
	r, node := oneNode(t, "cwd")
	dir := t.TempDir()
	t.Chdir(dir)
	var out bytes.Buffer
	script := `echo here >cap.pcap && test "$PWD" = "$(pwd)" && pwd`
	code, err := r.Exec(context.Background(), node, []string{"sh", "-c", script}, noderuntime.Stdio{Out: &out, Err: &out})
	if code != 0 || err != nil || strings.TrimSpace(out.String()) != dir {
		t.Errorf("status %d, %v: %s", code, err, out.String())
	}
	if text, err := os.ReadFile("cap.pcap"); err != nil || string(text) != "here\n" {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.WriteFile("tool", []byte("#!/bin/sh\nexit 9\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if code, err := r.Exec(context.Background(), node, []string{"./tool"}, noderuntime.Stdio{}); code != 9 || err != nil {
		t.Errorf("a program here: status %d, %v", code, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	code, err = r.Exec(context.Background(), node, []string{"sh", "-c", "pwd"}, noderuntime.Stdio{Out: &out})
	if code != 0 || err != nil || strings.TrimSpace(out.String()) != "/" {
		t.Errorf("from a directory that is gone: status %d, %v, in %q", code, err, out.String())
	}
}
