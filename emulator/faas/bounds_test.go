package faas

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator/internal/testenv"
)

// agentWith starts an agent whose limits a test has changed.
func agentWith(t *testing.T, config Config, change func(*limits)) (*Agent, *Client) {
	t.Helper()
	return agentOf(t, config, nil, change)
}

// agentOf is agentWith, with programs; nil: none.
func agentOf(t *testing.T, config Config, own programs, change func(*limits)) (*Agent, *Client) {
	t.Helper()
	config.Listen, config.Control, config.Speed = "127.0.0.1:0", filepath.Join(t.TempDir(), "ctl"), 1e6
	l := defaultLimits()
	if change != nil {
		change(&l)
	}
	a, err := startWith(config, l, nextVersion, own)
	if err != nil {
		t.Fatal(err)
	}
	c := NewClient(config.Control)
	t.Cleanup(func() { c.Close(); a.Close() })
	return a, c
}

// connect opens a connection to an agent, and sends what the test says.
func connect(t *testing.T, a *Agent, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", a.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(testenv.Patience))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// taken is what the program has got from the system, and what it has allocated so far, in bytes.
func taken() (system, allocated uint64) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys, m.TotalAlloc
}

const (
	functionHead = "POST /function/f HTTP/1.1\r\nHost: x\r\n" // of an invocation, which a call's headers follow
	noBody       = "Content-Length: 0\r\n\r\n"
)

// gigabyte are requests that announce 1 GiB in every way there is.
var gigabyte = map[string]string{
	"argument": functionHead + "X-Testbed-Call: 1 k 0 1073741824 0 0 0\r\nContent-Length: 1073741824\r\n\r\nx",
	"state": functionHead + "X-Testbed-Call: 1 k 0 0 0 0 0\r\nX-Testbed-States: c,0,1073741824,0,0\r\n" +
		"Content-Length: 1073741824\r\n\r\nx",
	"with result": functionHead + "X-Testbed-Call: 1 k 0 1073741000 1073741824 0 0\r\nContent-Length: 1073741000\r\n\r\nx",
	"write":       "PUT /state/k/0 HTTP/1.1\r\nHost: x\r\nX-Testbed-Version: 0 0\r\nContent-Length: 1073741824\r\n\r\nx",
	"echo":        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\nx",
}

func TestAnnouncedBytesTakeNoMemory(t *testing.T) {
	a, c := agentWith(t, Config{}, nil)
	system, allocated := taken()
	open := 0
	for _, request := range gigabyte {
		for range 40 {
			connect(t, a, request)
			open++
		}
	}
	testenv.Eventually(t, "all requests being received", func() bool {
		return a.Stats().Connections >= open && a.Stats().Bytes >= int64(open)*firstStep
	})
	if bytes := a.Stats().Bytes; bytes > int64(open)*(firstStep+maxGap) {
		t.Errorf("%d requests hold %d MB", open, bytes>>20)
	}
	if s, n := taken(); s-system > 512<<20 || n-allocated > 512<<20 {
		t.Errorf("%d requests of one byte took %d MB from the system, %d MB were allocated",
			open, (s-system)>>20, (n-allocated)>>20)
	}
	if err := c.Health(t.Context()); err != nil {
		t.Error(err)
	}
	status, text := ask(t, a, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
	if status != 200 || text != "hello" {
		t.Errorf("beside them: %d %q", status, text)
	}
}

// ask sends a request and reads the response.
func ask(t *testing.T, a *Agent, request string) (int, string) {
	t.Helper()
	return answer(t, connect(t, a, request))
}

func answer(t *testing.T, c net.Conn) (int, string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(text)
}

func TestLongResultTakesNoMemory(t *testing.T) {
	a, _ := agentWith(t, Config{}, nil)
	_, before := taken()
	c := connect(t, a, functionHead+"X-Testbed-Call: 1 k 0 0 300000000 0 0\r\n"+noBody)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, resp.Body); n != 300_000_000 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if _, after := taken(); after-before > 32<<20 {
		t.Errorf("%d MB were allocated for a result of which nothing was sent", (after-before)>>20)
	}
}

// A repository that announces a state and does not send it is no better than a caller that does.
func TestAnnouncedStateTakesNoMemory(t *testing.T) {
	a, _ := agentWith(t, Config{}, nil)
	repository := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		io.ReadAtLeast(c, make([]byte, 4096), 20)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nX-Testbed-Version: 0 0\r\nContent-Length: 1073741824\r\n\r\nx")
		io.Copy(io.Discard, c)
	})
	for range 20 {
		connect(t, a, functionHead+"X-Testbed-Call: 1 k 0 0 0 0 0\r\n"+
			"X-Testbed-States: r,0,1073741824,"+repository+"\r\n"+noBody)
	}
	testenv.Eventually(t, "all states being received", func() bool { return a.Stats().Bytes >= 20*firstStep })
	if bytes := a.Stats().Bytes; bytes > 2*20*firstStep {
		t.Errorf("20 states hold %d MB", bytes>>20)
	}
}

// listen answers every connection by a function.
func listen(t *testing.T, network, address string, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go func() { defer c.Close(); handle(c) }()
		}
	}()
	return l.Addr().String()
}

func TestWhatStandsStillEnds(t *testing.T) {
	a, _ := agentWith(t, Config{Stall: 50 * time.Millisecond}, func(l *limits) {
		l.header, l.idle, l.linger = time.Second, 50*time.Millisecond, 50*time.Millisecond
	})
	requests := map[string]string{
		"nothing":            "",
		"half of the header": "POST /function/f HTTP/1.1\r\nHost: x\r\nX-Tes",
		"a refused request":  "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx",
		"a body with a GET":  "GET /state/k/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx",
		"a chunked body":     "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
		"idle afterwards":    "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		"a small body":       "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx",
	}
	for name, request := range gigabyte {
		requests[name] = request
	}
	for name, request := range requests {
		c := connect(t, a, request)
		text, err := io.ReadAll(c)
		if err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: after %q: %v", name, text, err)
			continue
		}
		answered := strings.HasPrefix(request, "POST") && name != "half of the header"
		if err == nil && answered && !strings.Contains(string(text), "HTTP/1.1 40") {
			t.Errorf("%s: answer %q, want a refusal", name, text)
		}
	}
	testenv.Eventually(t, "no connection being open", func() bool { return a.Stats().Connections == 0 })
	if bytes := a.Stats().Bytes; bytes != 0 {
		t.Errorf("%d bytes are still held", bytes)
	}
}

func TestResponseThatNobodyReadsEnds(t *testing.T) {
	a, _ := agentWith(t, Config{Stall: 50 * time.Millisecond}, nil)
	connect(t, a, functionHead+"X-Testbed-Call: 1 k 0 0 1000000000 0 0\r\n"+noBody)
	testenv.Eventually(t, "the call being served", func() bool { return a.Stats().Invocations == 1 })
	testenv.Eventually(t, "the connection being closed", func() bool { return a.Stats().Connections == 0 })
}

// A body may take any time, as long as some of it comes every minute.
func TestSlowBodiesAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		b := &body{from: near, conn: near, stall: time.Minute}
		go func() {
			for range 100 {
				time.Sleep(50 * time.Second)
				far.Write([]byte{1})
			}
		}()
		begin := time.Now()
		buffer, err := (&pools{}).receive(t.Context(), near, 0, 100, b.progress)
		if err != nil || time.Since(begin) < 4000*time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		buffer.release()
		begin = time.Now()
		if _, err := io.ReadAll(b); stalled(err, b.stall) == nil || time.Since(begin) > 2*time.Minute {
			t.Errorf("when nothing more comes: %v after %v", err, time.Since(begin))
		}
		b.end()
		near.Close()
		far.Close()
	})
}

func TestConnectionsAreBounded(t *testing.T) {
	a, c := agentWith(t, Config{}, func(l *limits) { l.connections = 8 })
	for range 100 {
		connect(t, a, "")
	}
	for range 3 {
		if status, text := ask(t, a, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); status != 200 {
			t.Errorf("beside 100 silent connections: %d %q", status, text)
		}
	}
	s, err := c.Stats(t.Context())
	if err != nil || s.Connections > 9 { // and this one, on the control socket
		t.Errorf("%+v, %v", s, err)
	}
}
