package faas

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
)

// push sends 20 MB as a call, by a connection of its own.
func push(address string, method, path, header string) error {
	m := message{method: method, path: path, header: []byte(header), body: [][]byte{make([]byte, 20<<20)}, fresh: true}
	p := newPeers(newPunctuality(newClock()))
	defer p.close()
	return p.do(context.Background(), address, &m, func(*http.Response) error { return nil })
}

// Whoever refuses a large request early says why, and the sender gets to know it, whatever the refusal and
// however the request stands at that moment.
func TestRefusalReachesTheSender(t *testing.T) {
	a, _ := agentWith(t, Config{Memory: 8 * mebibyte}, nil)
	full, _ := agentWith(t, Config{Memory: 8 * mebibyte}, func(l *limits) { l.wait = time.Millisecond })
	connect(t, full, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n"+strings.Repeat("x", 8388600))
	testenv.Eventually(t, "8 MiB being held", func() bool { return full.Stats().Bytes == 8*mebibyte })
	refuses := func(w http.ResponseWriter, _ *http.Request) { fail(w, 400, fmt.Errorf("the reason")) }
	plain := httptest.NewServer(http.HandlerFunc(refuses))
	t.Cleanup(plain.Close)
	abrupt := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		io.ReadAtLeast(c, make([]byte, 100), 100)
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 10\r\n\r\nthe reason")
		time.Sleep(50 * time.Millisecond) // then it closes with all unread: a reset
	})
	many := "X-Testbed-States: " + strings.Repeat("l,0,1;", maxStates+1) + "l,0,1\r\n"
	call := "X-Testbed-Call: 1 k 0 20971520 0 0 0\r\n"
	for name, c := range map[string]struct{ address, method, path, header, want string }{
		"no call":           {a.Addr().String(), "POST", "/function/f", "", "X-Testbed-Call"},
		"another length":    {a.Addr().String(), "POST", "/function/f", "X-Testbed-Call: 1 k 0 1 0 0 0\r\n", "the call 1"},
		"another format":    {a.Addr().String(), "POST", "/function/f", "X-Testbed-Call: 2 k 0 20971520 0 0 0\r\n", "want 1"},
		"too many states":   {a.Addr().String(), "POST", "/function/f", call + many, "more than 1000 states"},
		"too long headers":  {a.Addr().String(), "POST", "/function/f", "X: " + strings.Repeat("x", 1<<20) + "\r\n", "431"},
		"too large":         {a.Addr().String(), "POST", "/function/f", call, "does not fit"},
		"too large a write": {a.Addr().String(), "PUT", "/state/k/0", "X-Testbed-Version: 0 0\r\n", "does not fit"},
		"no version":        {a.Addr().String(), "PUT", "/state/k/0", "", "a write of 20971520 bytes"},
		"no resource":       {a.Addr().String(), "POST", "/nowhere", "", "no body is expected"},
		"in use":            {full.Addr().String(), "POST", "/echo", "", "is in use"},
		"plain server":      {strings.TrimPrefix(plain.URL, "http://"), "POST", "/x", "", "the reason"},
		"abrupt server":     {abrupt, "POST", "/x", "", "the reason"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 5 {
				if err := push(c.address, c.method, c.path, c.header); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("want %q, the sender gets: %v", c.want, err)
				}
			}
		})
	}
}

// The reason of a worker's refusal is the chain's error.
func TestRefusalIsTheChainsError(t *testing.T) {
	worker, _ := agentWith(t, Config{Memory: 8 * mebibyte}, nil)
	client, control := agentWith(t, Config{}, nil)
	_ = client
	spec := &ChainSpec{Key: "k", Steps: 3, Invocations: []InvocationSpec{
		{Function: "f", Worker: worker.Addr().String(), Argument: 20 << 20, Steps: []int{0, 1, 2}},
	}}
	r, err := control.Run(t.Context(), spec)
	if err != nil || !strings.Contains(r.Error, "does not fit into what the node has") {
		t.Errorf("%+v, %v", r, err)
	}
}

// On its control socket, too, an agent's reason arrives, however much of the request is on its way.
func TestRefusalReachesTheController(t *testing.T) {
	_, control := agentWith(t, Config{}, nil)
	large := strings.Repeat(" ", 20<<20)
	for name, c := range map[string]struct {
		path, protocol, want string
	}{
		"protocol":  {"/chain", "0", "protocol"},
		"too large": {"/chain", protocolHeader[0], "more than 8388608 bytes"},
		"warm":      {"/warm", protocolHeader[0], "more than 8388608 bytes"},
		"nowhere":   {"/nowhere", protocolHeader[0], "no body is expected"},
		"function":  {"/function/f", protocolHeader[0], "X-Testbed-Call"},
	} {
		for range 5 {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://agent"+c.path, strings.NewReader(large))
			if err != nil {
				t.Fatal(err)
			}
			req.Header[headerProtocol] = []string{c.protocol}
			resp, err := control.http.Do(req)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if reason := failure(resp); !strings.Contains(reason.Error(), c.want) {
				t.Errorf("%s: %d %v, want %s", name, resp.StatusCode, reason, c.want)
			}
			resp.Body.Close()
		}
	}
	// The controller itself does not send what no agent takes.
	err := control.Warm(t.Context(), make([]WarmSpec, 1<<18))
	if err == nil || !strings.Contains(err.Error(), "an agent takes 8388608 at most") {
		t.Errorf("a request that is too large: %v", err)
	}
}
