package seat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"testbed/emulator/internal/localsocket"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/remote"
)

// kept is a keeper in this process, of agents in this process, and a client of it.
type kept struct {
	*Seat
	dir    string
	agents map[string]*control.Session // the agents' sides
	waited chan string                 // a word of each stream to `wait` that has ended
	end    func()
}

// keep serves agents of machines with these IDs, each with services `upper` and `wait`.
func keep(t *testing.T, ids ...string) *kept {
	t.Helper()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	k := &keeper{testbed: "a", dir: dir, losing: make(chan struct{})}
	r := &kept{dir: dir, agents: map[string]*control.Session{}, waited: make(chan string, 10)}
	for _, id := range ids {
		near, far := net.Pipe()
		side, err := control.Agent(far, map[string]control.Handler{
			carrier.HelloService: func(s net.Conn) { _ = json.NewEncoder(s).Encode(carrier.Hello{Host: "host of " + id}) },
			"upper": func(s net.Conn) {
				data, _ := io.ReadAll(s)
				_, _ = s.Write(bytes.ToUpper(data))
			},
			"wait": func(s net.Conn) {
				got, _ := io.ReadAll(s)
				r.waited <- string(got)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		r.agents[id] = side
		a, err := carrier.Meet(context.Background(), near, machines.Machine{ID: id}, carrier.Launch{}, "")
		if err != nil {
			t.Fatal(err)
		}
		k.agents = append(k.agents, a)
		t.Cleanup(func() { _ = errors.Join(side.Close(), a.Close()) })
	}
	k.watch()
	var err error
	if k.listener, err = localsocket.Listen(dir, socketName); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- k.serve(ctx) }()
	r.end = func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		served <- nil
		k.leaving.Store(true)
		k.serving.Wait()
	}
	t.Cleanup(r.end)
	if r.Seat, err = Open(dir, "a"); err != nil {
		t.Fatal(err)
	}
	return r
}

// ask sends a text to a service of a machine, and that there is no more, and returns what comes back.
func (k *kept) ask(t *testing.T, id, service, text string) string {
	t.Helper()
	conn, err := k.At(id).Open(service)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		_, _ = io.WriteString(conn, text)
		_ = conn.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Error(err)
	}
	return string(got)
}

// TestStreamsGoThrough: to each machine its own, whole, and with half of them closed.
func TestStreamsGoThrough(t *testing.T) {
	ids := []string{"ssh://a", "odd id\n\x00é%20"}
	k := keep(t, ids...)
	for i, a := range k.Agents() {
		if a.Machine.ID != ids[i] || a.Machine.Name != "host of "+ids[i] || a.Hello.Host != "host of "+ids[i] {
			t.Errorf("%d: %+v", i, a)
		}
	}
	long := strings.Repeat("a word ", 200_000)
	for _, id := range ids {
		if got := k.ask(t, id, "upper", long); got != strings.ToUpper(long) {
			t.Errorf("%q: %d bytes came back of %d", id, len(got), len(long))
		}
	}
	var all []chan string
	for range 50 {
		done := make(chan string, 1)
		all = append(all, done)
		go func() { done <- k.ask(t, ids[1], "upper", "b") }()
	}
	for _, done := range all {
		if got := <-done; got != "B" {
			t.Errorf("got %q", got)
		}
	}
	for _, c := range []struct{ id, service string }{{ids[0], "none"}, {"elsewhere", "upper"}, {"", "upper"},
		{"", "watch"}, {ids[0], "two words"}} {
		_, err := k.At(c.id).Open(c.service)
		if !errors.Is(err, control.ErrNoService) || errors.Is(err, control.ErrLost) || !strings.Contains(err.Error(), c.id) {
			t.Errorf("%q of %q: %v", c.service, c.id, err)
		}
	}
	if _, err := Open(k.dir, "another"); err == nil || errors.Is(err, ErrNotRunning) {
		t.Errorf("another testbed: %v", err)
	}
}

// TestAClientThatGoesEndsItsStream: what goes on at the agent hears of it.
func TestAClientThatGoesEndsItsStream(t *testing.T) {
	k := keep(t, "x")
	conn, err := k.At("x").Open("wait")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "bye")
	conn.Close()
	if got := testenv.Receive(t, "the agent's side hears of it", k.waited); got != "bye" {
		t.Errorf("it has heard %q", got)
	}
}

// TestALostAgentIsTold: by its machine's name, also to whoever asks later, and the others go on.
func TestALostAgentIsTold(t *testing.T) {
	k := keep(t, "x", "y")
	watching := make(chan error, 1)
	go func() { watching <- k.Watch(context.Background()) }()
	open, err := k.At("y").Open("wait")
	if err != nil {
		t.Fatal(err)
	}
	_ = k.agents["y"].Close()
	told := func(err error) {
		t.Helper()
		if !errors.Is(err, control.ErrLost) || !strings.Contains(err.Error(), "host of y (y)") ||
			!strings.Contains(err.Error(), "the other side ended it") {
			t.Errorf("got %v, want that y is lost, and how", err)
		}
	}
	told(<-watching)
	told(k.Watch(context.Background()))
	if _, err := io.ReadAll(open); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
	_, err = k.At("y").Open("upper")
	told(err)
	if got := k.ask(t, "x", "upper", "b"); got != "B" {
		t.Errorf("got %q of the other", got)
	}
	if again, err := Open(k.dir, "a"); err != nil || len(again.Agents()) != 2 {
		t.Errorf("%v", err)
	}
}

// TestTheEndOfTheProcessIsTold, and that of whoever watches.
func TestTheEndOfTheProcessIsTold(t *testing.T) {
	k := keep(t, "x")
	ctx, cancel := context.WithCancelCause(context.Background())
	enough := errors.New("seen enough")
	watching := make(chan error, 2)
	go func() { watching <- k.Watch(ctx) }()
	cancel(enough)
	if err := <-watching; !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	go func() { watching <- k.Watch(context.Background()) }()
	conn, err := k.At("x").Open("wait")
	if err != nil {
		t.Fatal(err)
	}
	k.end()
	if err := <-watching; !errors.Is(err, ErrNotRunning) || !errors.Is(err, control.ErrLost) {
		t.Errorf("got %v", err)
	}
	if _, err := io.ReadAll(conn); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a stream ended with %v", err)
	}
	if _, err := k.At("x").Open("upper"); !errors.Is(err, control.ErrLost) || !errors.Is(err, ErrNotRunning) ||
		!strings.Contains(err.Error(), "host of x") {
		t.Errorf("got %v", err)
	}
	if _, err := Open(k.dir, "a"); !errors.Is(err, ErrNotRunning) {
		t.Errorf("got %v", err)
	}
	if _, err := Open(filepath.Join(k.dir, "none"), "a"); !errors.Is(err, ErrNotRunning) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

// TestSecretsOfOthersAreNotGiven: a machine is asked for its own testbed's containers only.
func TestSecretsOfOthersAreNotGiven(t *testing.T) {
	secret := noderuntime.NewSecret()
	s := own(remote.Secrets{Of: func(string, string) []noderuntime.Secret { return []noderuntime.Secret{secret} },
		Key: func() noderuntime.Secret { return secret }}, "a")
	if got := s.Of("a", "1"); len(got) != 1 || got[0] != secret || s.Key() != secret {
		t.Error("its own are not given")
	}
	if got := s.Of("b", "1"); len(got) > 0 {
		t.Error("another's are given")
	}
}

// TestConfigurationsThatAreNone: refused before anything is started.
func TestConfigurationsThatAreNone(t *testing.T) {
	whole := Config{Testbed: "a", Dir: t.TempDir(), Carrier: "engines", Machines: []machines.Machine{{ID: "x"}}}
	if err := whole.check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no testbed":      func(c *Config) { c.Testbed = "" },
		"no directory":    func(c *Config) { c.Dir = "" },
		"no carrier":      func(c *Config) { c.Carrier = "pigeons" },
		"no machine":      func(c *Config) { c.Machines = nil },
		"an odd byte":     func(c *Config) { c.Machines = []machines.Machine{{ID: "x\xff"}} },
		"a machine twice": func(c *Config) { c.Machines = append(c.Machines, c.Machines[0]) },
	} {
		c := whole
		change(&c)
		if err := c.check(); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
