//go:build unix

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
)

// TestMain lets the test binary be the program itself, for scripts, or a command that waits for what interrupts it.
func TestMain(m *testing.M) {
	if os.Getenv("TB_TEST_PROGRAM") != "" {
		os.Exit(Main(NewState("test")))
	}
	if os.Getenv("TB_TEST_INTERRUPTS") != "" {
		ctx, stop := NewState("test").Interrupts()
		defer stop()
		fmt.Println("waiting")
		go func() { // the test says that it has sent all
			_, _ = io.Copy(io.Discard, os.Stdin)
			time.Sleep(200 * time.Millisecond) // a signal that was sent before may come a moment later
			fmt.Println("goes on")
			os.Exit(0)
		}()
		<-ctx.Done()
		fmt.Println("interrupted")
		os.Exit(0)
	}
	testenv.DefaultSignals()
	os.Exit(m.Run())
}

// TestWhatWasIgnoredStaysIgnored starts a command as nohup and as a shell's background do, and as none of them.
func TestWhatWasIgnoredStaysIgnored(t *testing.T) {
	for _, c := range []struct {
		ignored, sent string
		want          string
	}{
		{"HUP", "HUP", "goes on"}, {"HUP", "TERM", "interrupted"}, {"HUP", "INT", "interrupted"},
		{"INT QUIT", "INT", "goes on"}, {"INT QUIT", "QUIT", "goes on"}, {"INT QUIT", "HUP", "interrupted"},
		{"", "HUP", "interrupted"}, {"", "INT", "interrupted"}, {"", "QUIT", "interrupted"}, {"", "TERM", "interrupted"},
	} {
		t.Run(c.ignored+"/"+c.sent, func(t *testing.T) {
			script := `for s in ` + c.ignored + `; do trap "" $s; done; exec "$0"`
			ctx, cancel := context.WithTimeout(t.Context(), testenv.Patience) // else it might wait for ever
			defer cancel()
			command := exec.CommandContext(ctx, "sh", "-c", script, "/proc/self/exe")
			if self, err := os.Executable(); err == nil {
				command.Args[3] = self
			}
			command.Env = append(os.Environ(), "TB_TEST_INTERRUPTS=1")
			command.Stderr = os.Stderr
			in, err := command.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(out)
			if line, err := lines.ReadString('\n'); line != "waiting\n" {
				t.Fatalf("%q, %v", line, err)
			}
			number := map[string]syscall.Signal{
				"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT, "TERM": syscall.SIGTERM,
			}[c.sent]
			if err := command.Process.Signal(number); err != nil {
				t.Fatal(err)
			}
			if c.want == "goes on" {
				in.Close()
			}
			line, _ := lines.ReadString('\n')
			if strings.TrimSpace(line) != c.want {
				t.Errorf("it says %q, want %q", line, c.want)
			}
			if err := command.Wait(); err != nil {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

// runtimeStub executes by a function.
type runtimeStub struct {
	noderuntime.Runtime
	exec func(context.Context, noderuntime.Stdio) (int, error)
}

func (r runtimeStub) Exec(ctx context.Context, _ noderuntime.Node, _ []string, stdio noderuntime.Stdio) (int, error) {
	return r.exec(ctx, stdio)
}

// TestExecHasItsCommandsStatus: an interrupt that the command got itself does not make its status 130.
func TestExecHasItsCommandsStatus(t *testing.T) {
	signals, stopped := make(chan os.Signal, 1), false
	s := &State{Signals: func() (<-chan os.Signal, func()) { return signals, func() { stopped = true } }}
	ctx, cancel := context.WithCancel(context.Background())
	stub := runtimeStub{exec: func(ctx context.Context, stdio noderuntime.Stdio) (int, error) {
		cancel() // Ctrl-C
		signals <- os.Interrupt
		if err := ctx.Err(); err != nil || <-stdio.Signals != os.Interrupt || stdio.Tools != noderuntime.HostTools {
			t.Errorf("the command is called off: %v", err)
		}
		return 7, nil
	}}
	err := executeIn(ctx, s, stub, noderuntime.Node{}, []string{"x"}, noderuntime.HostTools)
	var known *coded
	if !errors.As(err, &known) || known.code != 7 || !known.own || !stopped {
		t.Errorf("got %#v, signals given back: %v", err, stopped)
	}
	if err := executeIn(ctx, s, stub, noderuntime.Node{}, []string{"x"}, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted before it began: %v", err)
	}
}

func TestExecsToolsAreChecked(t *testing.T) {
	got := invoke(t, "exec", "--tools", "mine", "pi", "--", "true")
	if got.code != ExitUsage || !strings.Contains(got.stderr, "auto, host or node") {
		t.Errorf("%+v", got)
	}
}
