package function_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/faas/function"
	"testbed/emulator/faas/keyspace"
	"testbed/emulator/internal/cgroups"
	"testbed/emulator/internal/testenv"
)

// buffer is a log that several may write to.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// program is a function that behaves in a way, as a user other than root, which can reach the test's binary.
func program(t *testing.T, how string) *function.Program {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "function")
	self, err := os.Executable()
	if err == nil {
		err = os.Link(self, path)
	}
	if err != nil {
		var text []byte
		if text, err = os.ReadFile(self); err == nil {
			err = os.WriteFile(path, text, 0o755)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return &function.Program{
		Name: "f", Command: []string{"function"}, Path: path, Dir: dir, Timeout: testenv.Patience,
		Env: []string{hostileEnv + "=" + how, "LEVEL=debug"}, UID: 65534, GID: 65534, Processes: 64, Memory: 256 << 20,
		Group: groups(),
	}
}

// groups is where instances have their control groups. No testbed is called so; `scripts/leftovers remove` knows it.
func groups() string { return fmt.Sprintf("test~%d", os.Getpid()) }

// each runs a test with a launcher that confines and one that cannot.
func each(t *testing.T, test func(t *testing.T, l *function.Launcher)) {
	t.Run("free", func(t *testing.T) { test(t, &function.Launcher{Node: "n", Log: io.Discard, Free: true}) })
	t.Run("confined", func(t *testing.T) {
		testenv.Privileged(t)
		t.Cleanup(func() { nothingLeft(t) }) // after those of the test
		test(t, &function.Launcher{Node: "n", Log: io.Discard})
	})
}

// nothingLeft fails where an instance has left a control group.
func nothingLeft(t *testing.T) {
	t.Helper()
	for _, pattern := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} {
		var left string
		if !testenv.Holds(func() bool {
			left = ""
			found, _ := filepath.Glob(filepath.Join(pattern, cgroups.Functions, groups(), "*"))
			for _, dir := range found {
				if info, err := os.Stat(dir); err == nil && info.IsDir() && strings.Contains(filepath.Base(dir), ".") {
					left = dir
				}
			}
			return left == ""
		}) {
			t.Errorf("left: %s", left)
		}
	}
}

func started(t *testing.T, l *function.Launcher, p *function.Program) *function.Instance {
	t.Helper()
	i, err := l.Start(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Stop)
	return i
}

// startedWithin starts a program that has a time for its start and for an invocation: more of it on a host where that
// does not do for the start.
func startedWithin(t *testing.T, l *function.Launcher, p *function.Program, timeout time.Duration) *function.Instance {
	t.Helper()
	for p.Timeout = timeout; ; p.Timeout *= 5 {
		i, err := l.Start(t.Context(), p)
		if err == nil {
			t.Cleanup(i.Stop)
			return i
		}
		if !strings.Contains(err.Error(), "it is not ready after its timeout") || p.Timeout > testenv.Patience {
			t.Fatal(err)
		}
	}
}

func request(argument string) *function.Invocation {
	return &function.Invocation{ID: "run/m/0/1", Source: "/testbed/x", Argument: []byte(argument), Most: 64 << 20}
}

func TestInvoke(t *testing.T) {
	each(t, func(t *testing.T, l *function.Launcher) {
		i := started(t, l, program(t, "watchdog"))
		inv := request("hello")
		inv.Lengths = []int64{2, 3}
		for range 3 {
			got, err := i.Invoke(t.Context(), inv)
			if err != nil || string(got) != "run/m/0/1 2,3 debug watchdog:hello" {
				t.Fatalf("%q, %v", got, err)
			}
		}
		i.Stop()
		<-i.Gone()
		if _, err := i.Invoke(t.Context(), inv); !errors.Is(err, function.ErrGone) {
			t.Errorf("after its end: %v", err)
		}
	})
}

// TestHostileStarts are programs that never become ready.
func TestHostileStarts(t *testing.T) {
	each(t, func(t *testing.T, l *function.Launcher) {
		for how, want := range map[string]string{
			"ends":   "it ended before it was ready: exit status 0; the last that it printed: nothing to do",
			"fails":  "exit status 9; the last that it printed: no such model",
			"silent": "it is not ready after its timeout of 300ms: nothing listens at its $PORT",
		} {
			p := program(t, how)
			if how == "silent" {
				p.Timeout = 300 * time.Millisecond
			}
			_, err := l.Start(t.Context(), p)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "function f on node n") {
				t.Errorf("%s: %v, want %s", how, err, want)
			}
		}
		p := program(t, "ends")
		p.Path += "-no-more"
		if _, err := l.Start(t.Context(), p); err == nil || !strings.Contains(err.Error(), "no such file") {
			t.Errorf("without a program: %v", err)
		}
	})
}

// TestHostileInvocations are programs that do all that they should not, each with what the error says, and whether the
// instance serves the next invocation.
func TestHostileInvocations(t *testing.T) {
	each(t, func(t *testing.T, l *function.Launcher) {
		for _, c := range []struct {
			how, want string
			gone      bool
		}{
			{"crashes", "during the invocation: exit status 3; the last that it printed: about to crash | index out of", true},
			{"hangs", "no answer within its timeout of TIMEOUT; it was killed", true},
			{"refuses", `it answered 500 Internal Server Error: "no luck today`, false},
			{"answers a gigabyte", "more than the 67108864 bytes that a result may have", false},
			{"announces a gigabyte", "it answered with 1073741824 bytes, and a result has 67108864 at most", false},
			{"forks", "no answer within its timeout of TIMEOUT; it was killed", true},
		} {
			if c.how == "forks" && l.Free {
				continue // nothing holds what it starts, and it would be left behind
			}
			// What a program that ended has said is waited for, but not for long.
			testenv.Repeat(t, 3, func() error {
				p, timeout := program(t, c.how), testenv.Patience
				if c.gone && c.how != "crashes" {
					timeout = 700 * time.Millisecond
				}
				i := startedWithin(t, l, p, timeout)
				_, err := i.Invoke(t.Context(), request("x"))
				if errors.Is(err, function.ErrGone) != c.gone {
					t.Errorf("%s: gone: %v", c.how, !c.gone)
				}
				if c.gone {
					<-i.Gone()
				}
				i.Stop()
				want := strings.Replace(c.want, "TIMEOUT", p.Timeout.String(), 1)
				if err == nil {
					t.Fatalf("%s: no error, want %s", c.how, want)
				}
				if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "function f on node n") {
					return fmt.Errorf("%s: %w, want %s", c.how, err, want)
				}
				return nil
			})
		}
	})
}

// TestEndedLeavesNothing: an instance that ended by itself leaves the agent no descriptor once it was stopped.
func TestEndedLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, l *function.Launcher) {
		open := func() int {
			all, err := os.ReadDir("/proc/self/fd")
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		const crashes = 5
		var before int
		p := program(t, "crashes")
		for n := range 1 + crashes {
			if n == 1 { // what the runtime opens for itself is there
				before = open()
			}
			i := started(t, l, p)
			if _, err := i.Invoke(t.Context(), request("x")); !errors.Is(err, function.ErrGone) {
				t.Fatal(err)
			}
			<-i.Gone()
			i.Stop()
		}
		if !testenv.Holds(func() bool { return open() < before+crashes }) {
			t.Errorf("%d descriptors after %d crashes, %d before them", open(), crashes, before)
		}
	})
}

// TestClosedPort: an instance that does not listen any more is killed, so that another one can take its place.
func TestClosedPort(t *testing.T) {
	each(t, func(t *testing.T, l *function.Launcher) {
		i := started(t, l, program(t, "closes"))
		if _, err := i.Invoke(t.Context(), request("x")); err != nil {
			t.Fatal(err)
		}
		// A connection that the closing catches may be reset: nobody has listened to it either.
		var err error
		for !errors.Is(err, function.ErrGone) {
			_, err = i.Invoke(t.Context(), request("x"))
		}
		if text := err.Error(); !strings.Contains(text, "nothing listens at its $PORT any more") &&
			!strings.Contains(text, "its instance has ended") {
			t.Fatal(err)
		}
		<-i.Gone()
	})
}

// TestStubborn: who ignores SIGTERM is killed.
func TestStubborn(t *testing.T) {
	each(t, func(t *testing.T, l *function.Launcher) {
		i := started(t, l, program(t, "stubborn"))
		i.Stop()
		<-i.Gone()
	})
}

// TestInterrupted: an invocation whose caller has gone is over, and so is the instance, which nobody else waits for.
func TestInterrupted(t *testing.T) {
	each(t, func(t *testing.T, l *function.Launcher) {
		i := started(t, l, program(t, "hangs"))
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("the caller has gone")
		go func() { time.Sleep(50 * time.Millisecond); cancel(gone) }()
		if _, err := i.Invoke(ctx, request("x")); !errors.Is(err, gone) {
			t.Error(err)
		}
		<-i.Gone()
	})
}

// TestHangUp: a caller that goes harms nobody else in the instance, which ends when it has done the others' work.
func TestHangUp(t *testing.T) {
	each(t, func(t *testing.T, l *function.Launcher) {
		meeting, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer meeting.Close()
		i := started(t, l, program(t, "waits"))
		type end struct {
			name string
			err  error
		}
		ends := make(chan end, 3)
		begin := func(ctx context.Context, name string) net.Conn {
			go func() {
				inv := request(meeting.Addr().String())
				inv.ID = name
				_, err := i.Invoke(ctx, inv)
				ends <- end{name, err}
				if err != nil {
					_ = meeting.Close() // nobody else comes
				}
			}()
			c, err := meeting.Accept()
			if err != nil {
				t.Fatalf("%s, which never began: %v; %v", name, err, <-ends)
			}
			t.Cleanup(func() { _ = c.Close() })
			return c
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("the caller has gone")
		begin(ctx, "a")
		b := begin(t.Context(), "b")
		cancel(gone)
		time.Sleep(50 * time.Millisecond) // for what must not happen
		c := begin(t.Context(), "c")
		_ = b.Close()
		if e := <-ends; e.name != "b" || e.err != nil {
			t.Fatalf("%s, which waited for nobody who went: %v", e.name, e.err)
		}
		_ = c.Close()
		for range 2 { // in any order: nobody waits for a any more
			if e := <-ends; e.name == "a" && !errors.Is(e.err, gone) || e.name != "a" && e.err != nil {
				t.Errorf("%s: %v", e.name, e.err)
			}
		}
		<-i.Gone()
		if _, err := i.Invoke(t.Context(), request("x")); !errors.Is(err, function.ErrBefore) {
			t.Errorf("after its end: %v", err)
		}
	})
}

// TestFlood: what a function prints reaches the log up to a rate, with a word about the rest, and the function goes on.
func TestFlood(t *testing.T) {
	log := &buffer{}
	l := &function.Launcher{Node: "n", Log: log, Free: true}
	p := program(t, "floods")
	i := startedWithin(t, l, p, 2*time.Second)
	begun := time.Now()
	if _, err := i.Invoke(t.Context(), request("x")); !errors.Is(err, function.ErrGone) {
		t.Errorf("20 MB at a bounded rate are printed within %v: %v", p.Timeout, err)
	}
	<-i.Gone()
	most := int((time.Since(begun).Seconds() + 1) * (100 << 10))
	if n := len(log.String()); n > most || !strings.Contains(log.String(), "function f: xxx") {
		t.Errorf("the log has %d bytes, want %d at most: %.100q", n, most, log.String())
	}
}

// TestNoRoom: a result for which the agent has no memory is refused.
func TestNoRoom(t *testing.T) {
	i := started(t, &function.Launcher{Node: "n", Log: io.Discard, Free: true}, program(t, "answers a gigabyte"))
	full := errors.New("no memory")
	inv := request("x")
	var asked int64
	inv.Room = func(n int64) error {
		if asked += n; asked > 5<<20 {
			return full
		}
		return nil
	}
	if _, err := i.Invoke(t.Context(), inv); !errors.Is(err, full) {
		t.Error(err)
	}
}

// unlimited is memory without an end.
type unlimited struct{}

func (unlimited) Take(int64) error { return nil }
func (unlimited) Give(int64)       {}

// session has one key, k, whose value is given.
func session(t *testing.T, value string) *dapr.Session {
	space := keyspace.New(1 << 20)
	if err := space.Set("k", []byte(value)); err != nil {
		t.Fatal(err)
	}
	return dapr.NewSession([]dapr.Store{{Names: []string{dapr.DefaultStore}, Space: space}}, 1<<20, unlimited{})
}

// TestStateRequests: they reach the invocation that makes them, also where several are under way.
func TestStateRequests(t *testing.T) {
	i := started(t, &function.Launcher{Node: "n", Log: io.Discard, Free: true}, program(t, "asks"))
	ask := func(id, header string, slow bool) string {
		inv := request("")
		inv.ID, inv.Type, inv.State = id, header, session(t, `"`+id+`"`)
		if slow {
			inv.Source = "slow"
		}
		got, err := i.Invoke(t.Context(), inv)
		if err != nil {
			t.Error(err)
		}
		return string(got)
	}
	if got := ask("a", "", false); got != `200 "a"` {
		t.Errorf("alone: %s", got)
	}
	testenv.Repeat(t, 5, func() error { // on a busy host they may not be under way at the same time
		var wait sync.WaitGroup
		var nameless string
		for id, c := range map[string]struct{ header, want string }{
			"a": {"Traceparent", `200 "a"`}, "b": {"Ce-Id", `200 "b"`}, "c": {"", ""},
		} {
			wait.Go(func() {
				got := ask(id, c.header, true)
				if !strings.HasPrefix(got, c.want) {
					t.Errorf("%s with %q: %s", id, c.header, got)
				}
				if c.want == "" {
					nameless = got
				}
			})
		}
		wait.Wait()
		if !strings.HasPrefix(nameless, "409 ") {
			return fmt.Errorf("one that does not say whose it is: %s", nameless)
		}
		return nil
	})
	for path, want := range map[string]string{"state/statestore/k": "no invocation is under way", "healthz": ""} {
		r, err := http.NewRequest(http.MethodGet, i.StateAddress()+"/v1.0/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(dapr.TokenHeader, i.StateToken())
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, _ := io.ReadAll(resp.Body); !strings.Contains(string(text), want) ||
			(resp.StatusCode == http.StatusConflict) != (want != "") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, text)
		}
	}
}
