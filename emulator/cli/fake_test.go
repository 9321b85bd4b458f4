package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator"
	"testbed/emulator/internal/fake"
	"testbed/emulator/internal/fake/fakehost"
	"testbed/emulator/internal/testenv"
)

var errPlanted = errors.New("planted")

// bench is a machine in memory, and a command line with root's rights on it.
type bench struct {
	*fake.Machine
	t    *testing.T
	host *emulator.Host
	dir  string // for files
	tiny string // path of a small scenario
}

func newBench(t *testing.T) *bench {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("testbeds run on Linux only")
	}
	dir := t.TempDir()
	emptyInflux()
	m, h := fakehost.New(dir)
	l := &bench{Machine: m, t: t, host: h, dir: dir}
	h.Prober = fake.Prober{Machine: m, Echo: time.Millisecond, Rate: 1e6}
	l.tiny = l.file("tiny.yaml", fakehost.Scenario)
	return l
}

// file writes a file for a test, and returns its path.
func (l *bench) file(name, text string) string {
	l.t.Helper()
	path := filepath.Join(l.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
	return path
}

// output takes what a command prints, while others look at it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// state is that of one command line, which ctx interrupts.
func (l *bench) state(ctx context.Context, stdout, stderr *output, args ...string) *State {
	return &State{
		Version:    "test",
		Args:       args,
		Stdin:      strings.NewReader(""),
		Stdout:     stdout,
		Stderr:     stderr,
		Binary:     os.Args[0],
		Root:       true,
		Host:       l.host,
		Interrupts: func() (context.Context, context.CancelFunc) { return context.WithCancel(ctx) },
	}
}

// do runs one command line.
func (l *bench) do(args ...string) outcome {
	l.t.Helper()
	var stdout, stderr output
	code := Main(l.state(l.t.Context(), &stdout, &stderr, args...))
	return outcome{code, stdout.String(), stderr.String()}
}

// want runs one command line whose exit code and text, on either stream, are known.
func (l *bench) want(code int, says string, args ...string) outcome {
	l.t.Helper()
	got := l.do(args...)
	if got.code != code || !strings.Contains(got.stdout+got.stderr, says) {
		l.t.Errorf("testbed %s: exit %d, want %d and %q in:\n%s%s",
			strings.Join(args, " "), got.code, code, says, got.stdout, got.stderr)
	}
	return got
}

// up brings the small scenario up.
func (l *bench) up() *bench {
	l.t.Helper()
	l.want(ExitOK, "tiny is up: 3 nodes (process), 3 links (userspace)", "up", l.tiny)
	return l
}

// started is a command under way.
type started struct {
	stdout, stderr output
	interrupt      context.CancelFunc
	code           chan int
}

// start runs a command line in the background.
func (l *bench) start(args ...string) *started {
	ctx, cancel := context.WithCancel(l.t.Context())
	l.t.Cleanup(cancel)
	s := &started{interrupt: cancel, code: make(chan int, 1)}
	state := l.state(ctx, &s.stdout, &s.stderr, args...)
	go func() { s.code <- Main(state) }()
	return s
}

// until waits until something is so, or the command has ended.
func (l *bench) until(s *started, so func() bool) {
	l.t.Helper()
	holds := false
	testenv.Holds(func() bool { holds = so(); return holds || len(s.code) > 0 })
	if !holds {
		l.t.Fatalf("it does not come to that: %s%s", s.stdout.String(), s.stderr.String())
	}
}

// end waits for a command's end.
func (l *bench) end(s *started) outcome {
	l.t.Helper()
	select {
	case code := <-s.code:
		return outcome{code, s.stdout.String(), s.stderr.String()}
	case <-time.After(testenv.Patience):
		l.t.Fatalf("it does not end: %s%s", s.stdout.String(), s.stderr.String())
		return outcome{}
	}
}

// nothing is left after `down`.
func (l *bench) nothingLeft() {
	l.t.Helper()
	if !l.Empty() {
		l.t.Error("nodes or a network are left")
	}
	if _, err := os.Stat(string(l.host.Store)); !errors.Is(err, os.ErrNotExist) {
		l.t.Errorf("the record is left: %v", err)
	}
}
