package spread

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/machines"
	"testbed/emulator/noderuntime/remote"
)

// peer answers each stream by a function.
type peer func(net.Conn)

func (p peer) Open(string) (net.Conn, error) {
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		p(there)
	}()
	return here, nil
}

// TestDamagedPeers: whatever an agent answers is an error that names its machine, within bounds.
func TestDamagedPeers(t *testing.T) {
	heard := func(conn net.Conn) { // what is asked, and goes on to hear
		_, _ = conn.Read(make([]byte, 1))
		go func() { _, _ = io.Copy(io.Discard, conn) }()
	}
	// A message that says it is long, and goes on.
	long := append([]byte{0xfc, 0x3f, 0xff, 0xff, 0xff}, make([]byte, 1<<16)...)
	for name, c := range map[string]struct {
		answer peer
		wraps  error
	}{
		"hangs up":        {func(conn net.Conn) { heard(conn) }, ErrNoAnswer},
		"hangs up before": {func(net.Conn) {}, ErrNoAnswer},
		"says something else": {func(conn net.Conn) {
			heard(conn)
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		}, ErrNoAnswer},
		"says half of it": {func(conn net.Conn) { heard(conn); _, _ = conn.Write([]byte{0x40, 1}) }, ErrNoAnswer},
		"says another kind of thing": {func(conn net.Conn) {
			heard(conn)
			_ = gob.NewEncoder(conn).Encode("well")
		}, ErrNoAnswer},
		"does not stop": {func(conn net.Conn) {
			heard(conn)
			_, _ = io.Copy(conn, io.MultiReader(bytes.NewReader(long), endless{}))
		}, readfile.ErrLimit},
	} {
		f := New(Config{Testbed: "t", At: func(string) remote.Opener { return c.answer }})
		of := []machines.Machine{{ID: "id", Name: "name"}}
		_, err := f.all(t.Context(), of, same(request{Op: opInspect}))
		if !errors.Is(err, ErrNoAnswer) || !errors.Is(err, c.wraps) || !strings.Contains(err.Error(), "machine name: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	silent := peer(func(conn net.Conn) { heard(conn); cancel(enough); <-t.Context().Done() })
	f := New(Config{Testbed: "t", At: func(string) remote.Opener { return silent }})
	_, err := f.all(ctx, []machines.Machine{{ID: "a"}, {ID: "b"}}, same(request{Op: opInspect}))
	if !errors.Is(err, enough) || errors.Is(err, ErrNoAnswer) {
		t.Errorf("silent: %v", err)
	}
	f = New(Config{Testbed: "t", At: func(string) remote.Opener { return nil }})
	if _, err := f.ask(t.Context(), machines.Machine{ID: "a"}, request{}); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("no connection: %v", err)
	}
	f = New(Config{Testbed: "t", At: func(string) remote.Opener { return lost{} }})
	_, err = f.all(t.Context(), []machines.Machine{{ID: "id", Name: "name"}}, same(request{}))
	if !errors.Is(err, io.ErrClosedPipe) || strings.Count(err.Error(), "machine name") != 1 {
		t.Errorf("an error that names the machine: %v", err)
	}
}

func TestAllOfAKind(t *testing.T) {
	apart, slow := machines.On("a", userspace.ErrApart), machines.On("b", context.DeadlineExceeded)
	for _, c := range []struct {
		err  error
		want bool
	}{
		{apart, true}, {errors.Join(apart, slow), true}, {errors.Join(apart, io.EOF), false}, {io.EOF, false},
	} {
		if got := all(c.err, userspace.ErrApart, context.DeadlineExceeded); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

// lost is a connection whose errors name the machine.
type lost struct{}

func (lost) Open(string) (net.Conn, error) { return nil, machines.On("name (id)", io.ErrClosedPipe) }

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
