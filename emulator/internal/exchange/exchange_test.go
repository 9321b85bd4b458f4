package exchange

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/internal/testenv"
)

func TestFailuresKeepTheirKind(t *testing.T) {
	one, other := errors.New("one"), errors.New("other")
	kinds := Kinds{"one": one, "other": other}
	if kinds.Error(kinds.Of(nil)) != nil {
		t.Error("no error becomes one")
	}
	err := kinds.Error(kinds.Of(fmt.Errorf("here: %w", one)))
	if !errors.Is(err, one) || errors.Is(err, other) || err.Error() != "here: one" {
		t.Errorf("%v", err)
	}
	if err := kinds.Error(&Failure{Says: "x", Wraps: []string{"unheard of"}}); errors.Is(err, one) || err.Error() != "x" {
		t.Errorf("%v", err)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	var sent bytes.Buffer
	to := gob.NewEncoder(&sent)
	for _, size := range []int{10, 20, 5000} {
		if err := to.Encode(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	r := NewReceiver(&sent, 1000)
	var got []byte
	for _, size := range []int{10, 20} {
		if err := r.Receive(&got); err != nil || len(got) != size {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	if err := r.Receive(&got); !errors.Is(err, readfile.ErrLimit) {
		t.Errorf("a large one: %v", err)
	}
}

// FuzzReceive: whatever comes fails at most.
func FuzzReceive(f *testing.F) {
	var sent bytes.Buffer
	if err := gob.NewEncoder(&sent).Encode(Failure{Says: "x", Wraps: []string{"y"}}); err != nil {
		f.Fatal(err)
	}
	f.Add(sent.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReceiver(bytes.NewReader(b), 1<<16)
		for {
			var got Failure
			if err := r.Receive(&got); err != nil {
				return
			}
		}
	})
}

// TestUntil: what comes with a message, or after it, ends what was asked for, and so does the stream's end.
func TestUntil(t *testing.T) {
	for name, end := range map[string]func(controller net.Conn, asked []byte) error{
		"with it": func(c net.Conn, asked []byte) error { _, err := c.Write(append(asked, 0)); return err },
		"after it": func(c net.Conn, asked []byte) error {
			_, err := c.Write(asked)
			time.Sleep(10 * time.Millisecond)
			_, late := c.Write([]byte{0})
			return errors.Join(err, late)
		},
		"the stream": func(c net.Conn, asked []byte) error { _, err := c.Write(asked); return errors.Join(err, c.Close()) },
	} {
		var asked bytes.Buffer
		if err := gob.NewEncoder(&asked).Encode("capture"); err != nil {
			t.Fatal(err)
		}
		agent, controller := net.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- end(controller, asked.Bytes()) }()
		r, what := NewReceiver(agent, 1000), ""
		if err := r.Receive(&what); err != nil || what != "capture" {
			t.Fatalf("%s: %q, %v", name, what, err)
		}
		ctx, cancel := r.Until(t.Context())
		select {
		case <-ctx.Done():
		case <-time.After(testenv.Patience):
			t.Errorf("%s: it goes on", name)
		}
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		_, _ = agent.Close(), controller.Close()
	}
}
