package faas

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/plan"
)

// impostor is an agent that answers every request by a function.
func impostor(t *testing.T, answer func(net.Conn)) *Client {
	t.Helper()
	socket := listen(t, "unix", filepath.Join(t.TempDir(), "ctl"), func(c net.Conn) {
		io.ReadAtLeast(c, make([]byte, 64<<10), 10)
		answer(c)
	})
	c := NewClient(socket, WithNode("rpi3_0"))
	t.Cleanup(c.Close)
	return c
}

// thisProtocol is the header that says the number.
var thisProtocol = headerProtocol + ": " + protocolHeader[0] + "\r\n"

var okay = "HTTP/1.1 200 OK\r\n" + thisProtocol

// flood writes a text until the other end has had enough.
func flood(c net.Conn, begin, more string) {
	io.WriteString(c, begin)
	text := bytes.Repeat([]byte(more), 1+(64<<10)/len(more))
	for {
		if _, err := c.Write(text); err != nil {
			return
		}
	}
}

// oneCall is a chain of one invocation, with a state in a repository: five steps.
func oneCall() *ChainSpec {
	return &ChainSpec{Key: "run/external/0", Job: "j_1", Model: plan.External, Steps: 5, Invocations: []InvocationSpec{
		{Function: "f", Steps: []int{0, 1, 2, 3, 4}, States: []AccessSpec{{Bytes: 5, Location: plan.Repository}}},
	}}
}

func TestHostileAgentsAreBounded(t *testing.T) {
	head := `{"key":"run/external/0","job":"j_1","model":"external","start":1,"end":2,"steps":[`
	for name, answer := range map[string]func(net.Conn){
		"1.5 GB": func(c net.Conn) { flood(c, okay+"Content-Length: 1500000000\r\n\r\n"+head, " ") },
		"1.5 GB of error": func(c net.Conn) {
			flood(c, "HTTP/1.1 400 Bad\r\n"+thisProtocol+"Content-Length: 1500000000\r\n\r\n", "x")
		},
		"without an end":  func(c net.Conn) { flood(c, okay+"Connection: close\r\n\r\n"+head, " ") },
		"endless chunks":  func(c net.Conn) { flood(c, okay+"Transfer-Encoding: chunked\r\n\r\n", "5\r\n     \r\n") },
		"endless headers": func(c net.Conn) { flood(c, okay, "X-More: xxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n") },
		"one long header": func(c net.Conn) { flood(c, okay+"X-More: ", "x") },
		"interim answers": func(c net.Conn) { flood(c, "", "HTTP/1.1 103 Early Hints\r\n\r\n") },
		"redirections": func(c net.Conn) {
			flood(c, "", "HTTP/1.1 307 X\r\n"+thisProtocol+"Location: /chain\r\nConnection: close\r\n"+noBody)
		},
		"a million steps":  func(c net.Conn) { flood(c, okay+"Connection: close\r\n\r\n"+head, `{"index":0},`) },
		"a million braces": func(c net.Conn) { flood(c, okay+"Connection: close\r\n\r\n", "[") },
		"silence":          func(c net.Conn) { io.Copy(io.Discard, c) },
		"silence midway": func(c net.Conn) {
			io.WriteString(c, okay+"Content-Length: 100\r\n\r\n"+head)
			io.Copy(io.Discard, c)
		},
		"nothing at all": func(net.Conn) {},
		"no agent":       func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n") },
	} {
		t.Run(name, func(t *testing.T) {
			c := impostor(t, answer)
			_, before := taken()
			for what, request := range map[string]func(context.Context) error{
				"run":   func(ctx context.Context) error { _, err := c.Run(ctx, oneCall()); return err },
				"check": func(ctx context.Context) error { _, err := c.Check(ctx, "k/0"); return err },
				"seed":  func(ctx context.Context) error { return c.Seed(ctx, "k/0", 5) },
				"stats": func(ctx context.Context) error { _, err := c.Stats(ctx); return err },
			} {
				limit := testenv.Patience
				if strings.HasPrefix(name, "silence") {
					limit = 50 * time.Millisecond
				}
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				err := request(ctx)
				if err == nil || !strings.Contains(err.Error(), "node rpi3_0") {
					t.Errorf("%s: error %v", what, err)
				}
				if ctx.Err() != nil && limit > time.Second {
					t.Errorf("%s: it ends only with its context: %v", what, err)
				}
				cancel()
			}
			if _, after := taken(); after-before > 32<<20 {
				t.Errorf("%d MB were allocated", (after-before)>>20)
			}
		})
	}
}

// goodResult is a result of oneCall that is as it should be.
func goodResult() *ChainResult {
	r := &ChainResult{Key: "run/external/0", Job: "j_1", Model: plan.External, Start: 1e9, End: 1e9 + 5000}
	for i, role := range []plan.Role{plan.Request, plan.Read, plan.Execute, plan.Write, plan.Response} {
		r.Steps = append(r.Steps, StepResult{Index: i, Role: role, Start: 1e9 + int64(i), End: 1e9 + int64(i) + 1})
	}
	return r
}

func TestImpossibleResultsAreRefused(t *testing.T) {
	if err := goodResult().validate(oneCall(), time.Second); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*ChainResult){
		"another key":     func(r *ChainResult) { r.Key = "x" },
		"another job":     func(r *ChainResult) { r.Job = "x" },
		"another model":   func(r *ChainResult) { r.Model = plan.InEdge },
		"backwards":       func(r *ChainResult) { r.End = r.Start - 1 },
		"before all time": func(r *ChainResult) { r.Start = -1 },
		"a year long":     func(r *ChainResult) { r.End += int64(365 * 24 * time.Hour) },
		"index":           func(r *ChainResult) { r.Steps[4].Index = 5 },
		"negative index":  func(r *ChainResult) { r.Steps[0].Index = -1 },
		"twice":           func(r *ChainResult) { r.Steps[1].Index = 0 },
		"another order":   func(r *ChainResult) { r.Steps[1], r.Steps[2] = r.Steps[2], r.Steps[1] },
		"another role":    func(r *ChainResult) { r.Steps[1].Role = plan.Write },
		"no role":         func(r *ChainResult) { r.Steps[1].Role = 200 },
		"more steps":      func(r *ChainResult) { r.Steps = append(r.Steps, StepResult{Index: 5}) },
		"early step":      func(r *ChainResult) { r.Steps[0].Start = math.MinInt64 },
		"late step":       func(r *ChainResult) { r.Steps[0].End = math.MaxInt64 },
		"late remote":     func(r *ChainResult) { r.Steps[1].Remote = math.MaxInt64 },
		"conflicts":       func(r *ChainResult) { r.Conflicts = 2 },
		"less than none":  func(r *ChainResult) { r.Conflicts = -1 },
		"cold":            func(r *ChainResult) { r.Cold = math.MaxInt },
	} {
		r := goodResult()
		spoil(r)
		if err := r.validate(oneCall(), time.Second); err == nil {
			t.Errorf("%s: %+v is accepted", name, r)
		}
	}
	c := impostor(t, func(c net.Conn) {
		io.WriteString(c, okay+"Connection: close\r\n\r\n"+`{"steps":[`+strings.Repeat(`{"index":0},`, 5000)+`{}]}`)
	})
	if r, err := c.Run(t.Context(), oneCall()); err == nil || !strings.Contains(err.Error(), "impossible") {
		t.Errorf("5000 steps of 5: %v, %v", r, err)
	}
	r := goodResult()
	r.Error = "\x1b[2J\x07" + strings.Repeat("x", 1<<20)
	err := r.validate(oneCall(), time.Second)
	if err != nil || len(r.Error) > 20_000 || strings.ContainsAny(r.Error, "\x1b\x07") {
		t.Errorf("%v; an error of %d bytes: %.20q", err, len(r.Error), r.Error)
	}
}

const (
	okayHead = "HTTP/1.1 200 OK\r\n"
	allBody  = "\r\nContent-Length: 7\r\n\r\n1234567"
	// okayCall is a response that is right but for its moments.
	okayCall = okayHead + "X-Testbed-Times: 1 2 3 4\r\nX-Testbed-States: 0" + allBody
)

// What a hostile worker or repository answers an agent is bounded as well.
func TestHostileWorkersAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(net.Conn)
		want   string
	}{
		"endless headers": {func(c net.Conn) { flood(c, okayHead, "X-More: xxxxxxxxxxxxxxx\r\n") }, "longer than expected"},
		"one long header": {func(c net.Conn) { flood(c, okayHead+"X: ", "x") }, "longer than expected"},
		"1.5 GB": {func(c net.Conn) {
			flood(c, okayHead+"Content-Length: 1500000000\r\n\r\n", "x")
		}, "1500000000 bytes, not 7"},
		"other times": {func(c net.Conn) { io.WriteString(c, okayCall) }, "outside the invocation's"},
		"longer":      {func(c net.Conn) { flood(c, okayCall, "x") }, "outside the invocation's"},
		"many states": {func(c net.Conn) {
			states := "X-Testbed-States: 0" + strings.Repeat(";0 0", 20000)
			io.WriteString(c, okayHead+"X-Testbed-Times: 1 2 3 4\r\n"+states+allBody)
		}, "states came back"},
		"no times": {func(c net.Conn) {
			io.WriteString(c, okayHead+"Content-Length: 7\r\n\r\n1234567")
		}, "moments"},
		"1.5 GB of error": {func(c net.Conn) {
			flood(c, "HTTP/1.1 500 Bad\r\nContent-Length: 1500000000\r\n\r\n", "x")
		}, "xxx"},
		"chunks": {func(c net.Conn) {
			flood(c, okayHead+"Transfer-Encoding: chunked\r\n\r\n", "5\r\nxxxxx\r\n")
		}, "-1 bytes, not 7"},
		"hangs up": {func(net.Conn) {}, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, control := agentWith(t, Config{}, nil)
			worker := listen(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
				io.ReadAtLeast(conn, make([]byte, 4096), 10)
				c.answer(conn)
			})
			_, before := taken()
			r, err := control.Run(t.Context(), &ChainSpec{Key: "k", Steps: 3, Invocations: []InvocationSpec{
				{Function: "f", Worker: worker, Result: 7, Steps: []int{0, 1, 2}},
			}})
			if err != nil || (r.Error == "") != (c.want == "") || !strings.Contains(r.Error, c.want) {
				t.Errorf("want %q: %v, %.200v", c.want, err, r)
			}
			if _, after := taken(); after-before > 32<<20 {
				t.Errorf("%d MB were allocated", (after-before)>>20)
			}
		})
	}
}

// What comes after a response is not taken for the next one's.
func TestConnectionWithMoreThanItsResponseIsNotUsedAgain(t *testing.T) {
	address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		io.ReadAtLeast(c, make([]byte, 4096), 10)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
		io.Copy(io.Discard, c)
	})
	p := newPeers(newPunctuality(newClock()))
	defer p.close()
	for range 2 {
		m := message{method: "GET", path: "/"}
		err := p.do(t.Context(), address, &m, func(r *http.Response) error {
			if r.ContentLength != 0 {
				return errors.New("forged")
			}
			return nil
		})
		if err != nil || !m.cold {
			t.Errorf("%v, a new connection: %v", err, m.cold)
		}
	}
}

func TestErrorsNameTheSocketAndTheNode(t *testing.T) {
	c := NewClient("/nowhere/ctl", WithNode("cloud"))
	if err := c.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "node cloud: agent /nowhere/ctl") {
		t.Errorf("error %v", err)
	}
	if err := NewClient("/nowhere/ctl").Health(t.Context()); err == nil || errors.Is(err, ErrPeer) {
		t.Errorf("error %v", err)
	}
}
