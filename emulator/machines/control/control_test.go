package control

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// pair are two sides of one connection.
func pair(t *testing.T, ours, theirs map[string]Handler) (controller, agent *Session) {
	t.Helper()
	a, b := net.Pipe()
	controller, err := Controller(a, ours)
	if err != nil {
		t.Fatal(err)
	}
	agent, err = Agent(b, theirs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(controller.Close(), agent.Close()) })
	return controller, agent
}

func upper(stream net.Conn) {
	data, _ := io.ReadAll(stream)
	_, _ = stream.Write(bytes.ToUpper(data))
}

// ask sends a text to a service and returns what it answers.
func ask(t *testing.T, s *Session, service, text string) string {
	t.Helper()
	stream, err := s.Open(service)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(stream, text); stream.Close() }()
	got, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestBothSidesOfferServices(t *testing.T) {
	controller, agent := pair(t, map[string]Handler{"ours": upper}, map[string]Handler{"theirs": upper})
	long := strings.Repeat("a word ", 200_000) // more than a stream's window
	if got := ask(t, controller, "theirs", long); got != strings.ToUpper(long) {
		t.Errorf("%d bytes came back of %d", len(got), len(long))
	}
	if got := ask(t, agent, "ours", "b"); got != "B" {
		t.Errorf("got %q", got)
	}
	for _, name := range []string{"ours", "", strings.Repeat("x", 65), "a\nb"} {
		if _, err := controller.Open(name); !errors.Is(err, ErrNoService) {
			t.Errorf("service %.10q: %v, want that there is none", name, err)
		}
	}
}

// TestTheEndEndsAll: a side that goes ends the other's streams, and is known to be gone.
func TestTheEndEndsAll(t *testing.T) {
	reading := make(chan struct{})
	controller, agent := pair(t, nil, map[string]Handler{"wait": func(stream net.Conn) {
		close(reading)
		_, _ = io.ReadAll(stream)
	}})
	stream, err := controller.Open("wait")
	if err != nil {
		t.Fatal(err)
	}
	<-reading
	if err := agent.Close(); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(stream); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
	<-controller.Lost()
	if _, err := controller.Open("wait"); !errors.Is(err, ErrLost) {
		t.Errorf("got %v, want that the connection is lost", err)
	}
}

// TestHalfOfAStream: that one side sends no more keeps the other from nothing, also through a splice.
func TestHalfOfAStream(t *testing.T) {
	_, agent := pair(t, map[string]Handler{"ours": upper}, nil)
	near, far := net.Pipe()
	behind, err := Agent(far, map[string]Handler{"theirs": func(stream net.Conn) {
		other, err := agent.Open("ours")
		if err == nil {
			Splice(stream, other)
			other.Close()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	front, err := Controller(near, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(front.Close(), behind.Close()) })
	long := strings.Repeat("a word ", 200_000)
	if got := ask(t, front, "theirs", long); got != strings.ToUpper(long) {
		t.Errorf("%d bytes came back of %d", len(got), len(long))
	}
}

// TestTheCauseIsTold: whoever ended the connection, and what it ended of.
func TestTheCauseIsTold(t *testing.T) {
	controller, agent := pair(t, nil, nil)
	if err := controller.Cause(); err != nil {
		t.Errorf("it is there: %v", err)
	}
	_ = agent.Close()
	<-controller.Lost()
	if err := controller.Cause(); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "the other side ended it") {
		t.Errorf("got %v", err)
	}
	if err := agent.Cause(); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "this side ended it") {
		t.Errorf("got %v", err)
	}
	broken := errors.New("the cable was pulled")
	a, b := net.Pipe()
	defer b.Close()
	failing, err := Controller(&failingConn{a, broken}, nil)
	if err != nil {
		t.Fatal(err)
	}
	<-failing.Lost()
	if _, err := failing.Open("x"); !errors.Is(err, ErrLost) || !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	_ = failing.Close()
}

// failingConn is a connection whose reads fail.
type failingConn struct {
	io.ReadWriteCloser
	with error
}

func (f *failingConn) Read([]byte) (int, error) { return 0, f.with }

// FuzzStrangers: whatever comes in place of the protocol ends the connection, and nothing else.
func FuzzStrangers(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte{0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 'x', '\n'})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, sent []byte) {
		a, b := net.Pipe()
		agent, err := Agent(b, map[string]Handler{"x": upper})
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, a) }()
		_, _ = a.Write(sent)
		a.Close()
		<-agent.Lost()
		_ = agent.Close()
	})
}
