package faas

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/faas/instance"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
)

// An agent has only those instances that the controller has told of: a node that wants others, or none, is refused, and
// what it says of them in a header as well.
func TestOnlyTheControllerSaysHowInstancesLive(t *testing.T) {
	a, control := agentWith(t, Config{}, nil)
	client := newPeers(newPunctuality(newClock()))
	t.Cleanup(client.close)
	call := func(key, kinds string, more ...string) error {
		header := fmt.Sprintf("%s: 1 %s 0 0 0 0 0%s\r\n%s", headerCall, key, kinds, strings.Join(more, ""))
		m := message{method: http.MethodPost, path: "/function/f", header: []byte(header), fresh: true}
		return client.do(context.Background(), a.Addr().String(), &m, func(*http.Response) error { return nil })
	}
	refused := func(name, want string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	told := &Known{Lives: []Life{{"run/m", "f", instance.Spec{Limits: instance.Limits{Max: 1, Concurrency: 1}}}}}
	refused("nothing was told", "has not announced", call("run/m/0", " i"))
	refused("in a header", "X-Testbed-Instances", call("run/m/0", "", "X-Testbed-Instances: 0 9 1 0 0 0 0 0\r\n"))
	if err := control.Tell(t.Context(), told, true); err != nil {
		t.Fatal(err)
	}
	if err := call("run/m/0", " i"); err != nil {
		t.Error(err)
	}
	if s := a.Stats().Instances; s == nil || s.Starts != 1 {
		t.Errorf("%+v, want one start", s)
	}
	refused("always warm", "has not announced", call("run/m/0", ""))
	refused("another run's", "has not announced", call("other/m/0", " i"))
	refused("kinds", "want 1 and 6 fields", call("run/m/0", " x"))
	told.Lives[0].Series = "other/m"
	if err := control.Tell(t.Context(), told, true); err != nil {
		t.Fatal(err)
	}
	refused("told before", "has not announced", call("run/m/0", " i"))
	if err := call("other/m/0", " i"); err != nil {
		t.Error(err)
	}
	told.Lives[0].Spec.Max = 0
	refused("out of range", "max is 0", control.Tell(t.Context(), told, true))
}

// The password of the testbed's Redis servers is sent to none of which only another node has told.
func TestThePasswordGoesWhereTheControllerSays(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, control := agentWith(t, Config{PasswordFile: password}, func(l *limits) { l.restart = time.Millisecond })
	thief := newThief(t)
	client := newPeers(newPunctuality(newClock()))
	t.Cleanup(client.close)
	for _, repository := range []string{"redis:" + thief.address, "10.0.0.1:1|redis:" + thief.address} {
		header := fmt.Sprintf("%s: 1 run/m/0 0 0 0 0 0\r\n%s: r,0,5,%s\r\n", headerCall, headerStates, repository)
		m := message{method: http.MethodPost, path: "/function/f", header: []byte(header), fresh: true}
		call := func() error {
			return client.do(context.Background(), a.Addr().String(), &m, func(*http.Response) error { return nil })
		}
		if err := call(); err == nil || !strings.Contains(err.Error(), "has not announced") {
			t.Errorf("%s: %v", repository, err)
		}
		if got := thief.got(); got != "" {
			t.Errorf("%s: the server was sent %q", repository, got)
		}
	}
	if err := control.Tell(t.Context(), &Known{Redis: []string{"redis:" + thief.address}}, true); err != nil {
		t.Fatal(err)
	}
	header := fmt.Sprintf("%s: 1 run/m/0 0 0 0 0 0\r\n%s: r,0,5,redis:%s\r\n", headerCall, headerStates, thief.address)
	m := message{method: http.MethodPost, path: "/function/f", header: []byte(header), fresh: true}
	go func() {
		_ = client.do(t.Context(), a.Addr().String(), &m, func(*http.Response) error { return nil })
	}()
	testenv.Eventually(t, "one that was announced being sent it", func() bool {
		return strings.Contains(thief.got(), "secret")
	})
}

// The headers of ours that there are, and which of them another node may send where.
func TestHeadersFromPeers(t *testing.T) {
	want := map[string][]string{
		"/function/": {"X-Testbed-Call", "X-Testbed-Lasting", "X-Testbed-Lengths", "X-Testbed-Seat", "X-Testbed-States",
			"X-Testbed-Stores", "X-Testbed-Under-Way"},
		"/state/": {"X-Testbed-Ballot", "X-Testbed-Bundle", "X-Testbed-Version"},
		"/next":   {"X-Testbed-Next", "X-Testbed-States"},
		"/arrive": {"X-Testbed-Arrive"},
	}
	accepted := map[string]bool{}
	for _, of := range peerHeaders {
		got := slices.Sorted(slices.Values(of.headers))
		if !slices.Equal(got, want[of.path]) {
			t.Errorf("%s: %v, want %v", of.path, got, want[of.path])
		}
		delete(want, of.path)
		for _, name := range got {
			accepted[name] = true
		}
	}
	if len(want) > 0 {
		t.Errorf("not accepted: %v", want)
	}
	others := map[string]string{ // that an agent or the controller answers, or that go over the control socket
		"X-Testbed-Protocol": "control socket", "X-Testbed-Times": "response", "X-Testbed-Sizes": "response",
		"X-Testbed-At": "response", "X-Testbed-Roused": "response",
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`"X-Testbed-[A-Za-z-]+"`).FindAllString(string(text), -1) {
			if name = strings.Trim(name, `"`); !accepted[name] && others[name] == "" {
				t.Errorf("%s: header %s: say in peerHeaders where other nodes may send it, or here that they may not", file, name)
			}
		}
	}
	a, _ := agentWith(t, Config{}, nil)
	for name := range others {
		if err := push(a.Addr().String(), http.MethodPost, "/function/f", name+": 5\r\n"); err == nil ||
			!strings.Contains(err.Error(), "another node may not say that") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// thief listens as a Redis server would, and keeps what it is sent.
type thief struct {
	address string
	mu      sync.Mutex
	text    []byte
}

func newThief(t *testing.T) *thief {
	t.Helper()
	one := &thief{}
	one.address = listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		for b := make([]byte, 4096); ; {
			n, err := c.Read(b)
			one.mu.Lock()
			one.text = append(one.text, b[:n]...)
			one.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	return one
}

func (o *thief) got() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

// What keeps states may be where instances are moved to, whatever the plan says; what keeps none stays.
func TestKnownWhereInstancesMayMoveTo(t *testing.T) {
	spec := &instance.Spec{Limits: instance.Limits{Max: 1, Concurrency: 1}}
	all := AllKnown{}
	all.Need(&ChainSpec{Key: "run/m/0", Invocations: []InvocationSpec{
		{Function: "keeps", Node: 1, Instances: spec, States: []AccessSpec{{}}},
		{Function: "forgets", Node: 1, Instances: spec},
		{Function: "warm", Node: 1, States: []AccessSpec{{}}},
	}}, []topology.ID{1, 2})
	for node, want := range map[topology.ID]string{1: "forgets keeps", 2: "keeps", 3: ""} {
		var got []string
		for _, l := range all.Of(node).Lives {
			got = append(got, l.Function)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("node %d is told of %q, want %q", node, got, want)
		}
	}
}
