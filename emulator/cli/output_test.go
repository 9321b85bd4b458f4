package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// broken is standard output that fails.
type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

// printing are commands that print on standard output, each in its forms.
func (l *bench) printing(run string) [][]string {
	return [][]string{
		{"ls"}, {"ls", "-f", "json"}, {"inspect"}, {"inspect", "-f", "json"}, {"inspect", "--nodes"}, {"inspect", "--links"},
		{"link", "show"}, {"link", "show", "-f", "json"}, {"link", "set", "wifi", "rate=9Mbps", "-f", "json"},
		{"logs", "nuc"},
		{"apply", l.tiny, "--dry-run"}, {"apply", l.tiny, "--dry-run", "-f", "json"},
		{"verify", "--rtt-error", "1s", "--rtt-tail", "1s", "--only", "rtt"},
		{"verify", "-f", "json", "--rtt-error", "1s", "--rtt-tail", "1s", "--only", "rtt"},
		{"up", l.tiny, "--dry-run"}, {"up", l.tiny, "--dry-run", "-f", "json"},
		{"validate", l.tiny}, {"validate", l.tiny, "-f", "json"},
		{"validate", l.tiny, "--resolved"}, {"schema"}, {"simulate", l.tiny}, {"simulate", l.tiny, "-f", "json"},
		{"graph", l.tiny}, {"graph", run, "-f", "svg"},
		{"compare", run}, {"compare", run, "-f", "json"}, {"compare", run, run},
		{"report", run}, {"synth", "workload", "--jobs", "3"}, {"import", "alibaba-2018-hour", "--jobs", "3"},
		{"version"}, {"help"}, {"completion", "bash"},
		{"completion", "fish"}, {"doctor"}, {"doctor", "-f", "json"}, {"replay", "-o", l.results(), "--report=false"},
		{"serve", "--listen", "127.0.0.1:0"},
	}
}

// Whoever prints to a full disk fails, and says so; where the reader has gone, nothing needs to be said.
func TestNothingIsPrintedInVain(t *testing.T) {
	t.Parallel()
	l := newBench(t).up()
	l.want(ExitOK, "", "replay", "-o", l.results(), "--report=false")
	run, _ := l.onlyRun()
	pipe := &fs.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
	type failure struct {
		err  error
		code int
	}
	full := failure{&fs.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}, ExitFailure}
	for i, args := range l.printing(run) {
		all := []failure{full}
		if i%3 == 0 { // what is done about it is in one place
			all = append(all, failure{pipe, ExitReaderGone})
		}
		for _, c := range all {
			var none, stderr output
			s := l.state(t.Context(), &none, &stderr, args...)
			s.Stdout = broken{c.err}
			code := Main(s)
			silent := errors.Is(c.err, syscall.EPIPE)
			if args[0] == "doctor" && code == ExitUnsupported { // and says why, besides
				continue
			}
			if code != c.code || silent == strings.Contains(stderr.String(), "writing to standard output") {
				t.Errorf("testbed %s: %v: exit %d, want %d: %s", strings.Join(args, " "), c.err, code, c.code, stderr.String())
			}
		}
	}
	// A check that failed is said all the same.
	var none, stderr output
	s := l.state(t.Context(), &none, &stderr, "compare", run, "--fail-if", "transport:error.median > -1%")
	s.Stdout = broken{pipe}
	if code := Main(s); code != ExitCheck || !strings.Contains(stderr.String(), "--fail-if") {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
}

// A file or directory that the command line names, and that is not there, is the command line's fault.
func TestFilesThatTheUserNames(t *testing.T) {
	l := newBench(t).up()
	none := filepath.Join(l.dir, "none")
	for _, args := range [][]string{
		{"validate", none}, {"up", none}, {"run", none}, {"apply", none}, {"simulate", none},
		{"simulate", none, "--engine", "statesim", "--jobs", "3"}, {"graph", none}, {"compare", none}, {"report", none},
		{"plot", none}, {"upload", none}, {"upload", none, "--influx-url", "http://127.0.0.1:1"},
		{"synth", "topology", none}, {"replay", "--influx-token-file", none},
	} {
		if got := l.want(ExitUsage, "none", args...); !strings.Contains(got.stderr, "no such file") && args[0] != "synth" {
			t.Errorf("%v: %s", args, got.stderr)
		}
	}
	// One that the program itself misses is not.
	if err := os.Remove(filepath.Join(l.host.Store.Dir("tiny"), "network")); err != nil {
		t.Fatal(err)
	}
	l.want(ExitFailure, "", "link", "set", "wifi", "rate=1Mbps")
	if got, _ := exitCode(&fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}); got != ExitFailure {
		t.Errorf("a missing file of the program's own: exit %d", got)
	}
}

func TestPlotOfARunSaysReport(t *testing.T) {
	l := newBench(t)
	l.want(ExitOK, "", "run", l.tiny, "-o", l.results(), "--report=false", "--verify=false")
	run, _ := l.onlyRun()
	l.want(ExitUsage, "`testbed report", "plot", run)
}

func TestInterruptedIsSaidInWords(t *testing.T) {
	l := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr output
	code := Main(l.state(ctx, &stdout, &stderr, "up", l.tiny))
	if code != ExitInterrupted || strings.Contains(stderr.String(), "context") {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
	l.nothingLeft()
}
