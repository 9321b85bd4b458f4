package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/live"
)

func config() Config {
	return Config{
		Status:   func() (*live.Status, error) { return &live.Status{Testbed: "x", Done: 3}, nil },
		Links:    func(context.Context) ([]live.Link, error) { return []live.Link{{Link: "wifi", Use: 0.5}}, nil },
		Testbed:  func(context.Context) (*Testbed, error) { return &Testbed{Name: "x", Up: true, Drawing: "1"}, nil },
		Topology: func(context.Context) ([]byte, error) { return []byte("<svg/>"), nil }, Hosts: []string{"lab.example"},
	}
}

func get(t *testing.T, c Config, method, path, host string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler(c).ServeHTTP(w, r)
	return w.Result()
}

func TestWhatIsServed(t *testing.T) {
	for path, want := range map[string]string{
		"/": "<title>testbed</title>", "/page.js": "use strict", "/page.css": "color-scheme", "/topology.svg": "<svg/>",
		"/api/testbed": `"up":true`, "/api/status": `"done":3`, "/api/links": `"wifi"`,
	} {
		response := get(t, config(), "GET", path, "127.0.0.1:8800")
		body, _ := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %.100s", path, response.StatusCode, body)
		}
		if csp := response.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
}

func TestOnlyReading(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
		if got := get(t, config(), method, "/api/status", "localhost").StatusCode; got != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, got)
		}
	}
}

// A page of evil.example whose name was made to resolve to us sends its own name as the host.
func TestRebindingIsRefused(t *testing.T) {
	for host, want := range map[string]int{
		"127.0.0.1:8800": 200, "localhost:8800": 200, "LOCALHOST": 200, "[::1]:8800": 200, "192.0.2.7": 200,
		"lab.example:80": 200,
		"evil.example":   403, "evil.example:8800": 403, "localhost.evil.example": 403, "127.0.0.1.evil.example": 403,
		"": 403,
	} {
		if got := get(t, config(), "GET", "/api/status", host).StatusCode; got != want {
			t.Errorf("host %q: %d, want %d", host, got, want)
		}
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	of := func(path, mode string) int {
		return get(t, config(), "GET", path, "localhost", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", mode).StatusCode
	}
	if got := of("/api/status", "no-cors"); got != 403 {
		t.Errorf("a request by another site's page: %d", got)
	}
	if got := of("/", "navigate"); got != 200 {
		t.Errorf("a link followed from another site: %d", got)
	}
}

func TestNoRunIsNoError(t *testing.T) {
	c := config()
	c.Status = func() (*live.Status, error) { return nil, fmt.Errorf("x: %w", fs.ErrNotExist) }
	response := get(t, c, "GET", "/api/status", "localhost")
	var status *live.Status
	if err := json.NewDecoder(response.Body).Decode(&status); err != nil || status != nil || response.StatusCode != 200 {
		t.Errorf("%d %v %v", response.StatusCode, status, err)
	}
	c.Status = func() (*live.Status, error) { return nil, errors.New("planted") }
	if got := get(t, c, "GET", "/api/status", "localhost").StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("a status that cannot be read: %d", got)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, listener, config()) }()
	response, err := http.Get("http://" + listener.Addr().String() + "/api/links")
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("%v %v", response, err)
	}
	response.Body.Close()
	cancel()
	if err := testenv.Receive(t, "it ends to serve", ended); err != nil {
		t.Error(err)
	}
}

// However many connections others hold, and in whatever state they leave them, the page is there.
func TestIdleConnectionsDoNotKillThePage(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go Serve(ctx, listener, config())
	for i := range 300 {
		c, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, []string{"", "GET / HTTP/1.1\r\nHos", "GET /api/links HTTP/1.1\r\nHost: localhost\r\n\r\n"}[i%3])
	}
	for range 5 {
		client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
		response, err := client.Get("http://" + listener.Addr().String() + "/")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Error(response.Status)
		}
	}
	response, err := http.Get("http://" + listener.Addr().String() + "/?" + strings.Repeat("x", 200_000))
	if err != nil || response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 200 kB: %v %v", response, err)
	}
}
