package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
)

// browser is a headless Chromium that is spoken to through a pair of pipes (the DevTools protocol).
type browser struct {
	t       testing.TB
	out     *os.File
	session string

	mu      sync.Mutex
	next    int
	waiting map[int]chan message
	events  []message
	ended   error
}

// message is a request, an answer or an event of the protocol.
type message struct {
	ID      int             `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// openBrowser starts a browser with an empty page. Without one the test is skipped, or fails where CI
// demands everything.
func openBrowser(t testing.TB) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		testenv.Missing(t, "no chromium on PATH: install it to see whether browsers accept the page")
	}
	toBrowser, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	back, fromBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--remote-debugging-pipe",
		"--user-data-dir="+t.TempDir(), "about:blank")
	command.ExtraFiles = []*os.File{toBrowser, fromBrowser} // the third and fourth
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	toBrowser.Close()
	fromBrowser.Close()
	b := &browser{t: t, out: in, waiting: map[int]chan message{}}
	go b.listen(back)
	t.Cleanup(func() {
		b.session = ""
		_, _ = b.try("Browser.close", nil)
		done := make(chan error, 1)
		go func() { done <- command.Wait() }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = command.Process.Kill()
			<-done
		}
		in.Close()
		back.Close()
	})
	return b
}

func (b *browser) listen(in *os.File) {
	reader := bufio.NewReaderSize(in, 1<<20)
	for {
		text, err := reader.ReadBytes(0)
		b.mu.Lock()
		if err != nil {
			b.ended = err
			for _, answer := range b.waiting {
				close(answer)
			}
			b.waiting = map[int]chan message{}
			b.mu.Unlock()
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) == nil {
			if answer := b.waiting[m.ID]; answer != nil {
				answer <- m
				delete(b.waiting, m.ID)
			} else {
				b.events = append(b.events, m)
			}
		}
		b.mu.Unlock()
	}
}

// try calls a method and waits for its answer.
func (b *browser) try(method string, params any) (json.RawMessage, error) {
	text, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	if params == nil {
		text = []byte("{}")
	}
	answer := make(chan message, 1)
	b.mu.Lock()
	if b.ended != nil {
		b.mu.Unlock()
		return nil, b.ended
	}
	b.next++
	b.waiting[b.next] = answer
	request, _ := json.Marshal(message{ID: b.next, Method: method, Params: text, Session: b.session})
	b.mu.Unlock()
	if _, err := b.out.Write(append(request, 0)); err != nil {
		return nil, err
	}
	select {
	case m, ok := <-answer:
		if !ok {
			return nil, errors.New("the browser has ended")
		}
		if m.Error != nil {
			return nil, fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		return m.Result, nil
	case <-time.After(testenv.Patience):
		return nil, fmt.Errorf("%s: no answer", method)
	}
}

// call is try for what must not fail; into, where it is not nil, gets the result.
func (b *browser) call(method string, params, into any) {
	b.t.Helper()
	result, err := b.try(method, params)
	if err == nil && into != nil {
		err = json.Unmarshal(result, into)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

type object = map[string]any

// open opens a page of its own at a width, and waits until it is loaded.
func (b *browser) open(url string, width int, dark bool) {
	b.t.Helper()
	var target struct{ TargetID string }
	b.session = ""
	b.call("Target.createTarget", object{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", object{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Network", "Runtime", "Log", "Page"} {
		b.call(domain+".enable", nil, nil)
	}
	metrics := object{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
	b.call("Emulation.setDeviceMetricsOverride", metrics, nil)
	if dark {
		dark := object{"name": "prefers-color-scheme", "value": "dark"}
		b.call("Emulation.setEmulatedMedia", object{"features": []object{dark}}, nil)
	}
	b.mu.Lock()
	b.events = nil
	b.mu.Unlock()
	b.call("Page.navigate", object{"url": url}, nil)
	testenv.Eventually(b.t, "the page is loaded", func() bool { return len(b.seen("Page.loadEventFired")) > 0 })
}

// seen are the parameters of the events of a kind since the page was opened.
func (b *browser) seen(method string) []json.RawMessage {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []json.RawMessage
	for _, m := range b.events {
		if m.Method == method {
			all = append(all, m.Params)
		}
	}
	return all
}

// evaluate runs an expression in the page; into gets its value.
func (b *browser) evaluate(expression string, into any) {
	b.t.Helper()
	var out struct {
		Result struct {
			Value json.RawMessage
		}
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", object{"expression": expression, "returnByValue": true}, &out)
	if out.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, out.ExceptionDetails)
	}
	if err := json.Unmarshal(out.Result.Value, into); err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
}
