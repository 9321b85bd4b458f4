package proc

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/testenv"
)

func sleeper(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	testenv.StartTied(t, cmd)
	// Start returns while the kernel is still at work on the new program.
	testenv.Eventually(t, "sleep starts", func() bool {
		return strings.Join(CommandLineOf(cmd.Process.Pid), " ") == "sleep 600"
	})
	return cmd
}

func TestAProcessIsItsNumberAndItsStart(t *testing.T) {
	cmd := sleeper(t)
	p, err := Open(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	again, err := OpenStarted(p.PID, p.Start)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	for name, open := range map[string]func() (*Process, error){
		"started at another time": func() (*Process, error) { return OpenStarted(p.PID, p.Start+1) },
		"no number":               func() (*Process, error) { return Open(0) },
		"a group's number":        func() (*Process, error) { return Open(-p.PID) },
		"nobody's number":         func() (*Process, error) { return Open(1 << 22) },
	} {
		if other, err := open(); !errors.Is(err, ErrGone) {
			t.Errorf("%s: %v, want ErrGone", name, err)
			if err == nil {
				other.Close()
			}
		}
	}
	if line, err := p.CommandLine(); err != nil || strings.Join(line, " ") != "sleep 600" {
		t.Errorf("command line %q, %v", line, err)
	}
	if p.Ended(time.Millisecond) || !p.Alive() {
		t.Error("it is said to have ended")
	}
	if err := p.Signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	// Before anybody waits for it the number is still taken, and the process has ended all the same.
	if !p.Ended(10 * time.Second) {
		t.Fatal("its end is not noticed")
	}
	if other, err := Open(p.PID); !errors.Is(err, ErrGone) {
		t.Errorf("one that has ended is opened: %v", err)
		if err == nil {
			other.Close()
		}
	}
	_ = cmd.Wait()
	if err := p.Signal(unix.SIGTERM); !errors.Is(err, ErrGone) {
		t.Errorf("a signal to one that has ended: %v", err)
	}
	if _, err := p.NamespaceID("net"); !errors.Is(err, ErrGone) {
		t.Errorf("a namespace of one that has ended: %v", err)
	}
}

func TestForeignPrograms(t *testing.T) {
	p, err := Open(sleeper(t).Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Ours(); !errors.Is(err, ErrForeign) {
		t.Errorf("sleep: %v, want ErrForeign", err)
	}
	self, err := Open(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	if p.FirstInside() || self.FirstInside() {
		t.Error("taken for the first of a pid namespace")
	}
	testenv.Privileged(t)
	if err := self.Ours(); err != nil {
		t.Errorf("this process: %v", err)
	}
}

func TestHostNamespaces(t *testing.T) {
	self, err := Open(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	for _, kind := range []string{"net", "mnt", "pid", "uts", "user"} {
		inode, err := self.NamespaceID(kind)
		if err != nil {
			t.Fatal(err)
		}
		if !IsHostNamespace(kind, inode) || OwnNamespace(kind) != inode || IsHostNamespace(kind, inode+1<<40) {
			t.Errorf("%s: %d is not known for this process's own", kind, inode)
		}
	}
}

func TestSpareThreadsAreNeverTheMainOne(t *testing.T) {
	for range 50 {
		if err := OnSpareThread(func() error {
			if unix.Gettid() == os.Getpid() {
				return errors.New("on the main thread")
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
