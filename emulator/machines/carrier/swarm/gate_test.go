package swarm

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"testbed/emulator/internal/runkey"
	"testbed/emulator/machines/carrier/swarm/relay"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
)

// opened is a gate for the key of the node n, on loopback.
func opened(t *testing.T, key noderuntime.Secret) (*gate, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g, err := open(listener, map[string]noderuntime.Secret{"n": key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g, listener.Addr().String()
}

// config is a side's, of the node n.
func config(t *testing.T, side relay.Side, key noderuntime.Secret) *tls.Config {
	t.Helper()
	c, err := side.Config(key)
	if err != nil {
		t.Fatal(err)
	}
	c.ServerName = "n"
	return c
}

// TestOneMachineIsNotTakenForAnother: whoever has a node's key is let in as that node, whatever it says, and as no
// other.
func TestOneMachineIsNotTakenForAnother(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]noderuntime.Secret{"a": noderuntime.NewSecret(), "b": noderuntime.NewSecret()}
	g, err := open(listener, keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	come := func(key, shown, said string) error {
		config, err := relay.Dialing(shown, keys[key])
		if err != nil {
			t.Fatal(err)
		}
		config.VerifyConnection = nil // it takes whoever answers
		conn, err := tls.Dial("tcp", listener.Addr().String(), config)
		if err != nil {
			return err
		}
		defer conn.Close()
		if err := control.Send(conn, relay.Greeting{Node: said}); err != nil {
			return err
		}
		hung := make(chan error, 1)
		go func() { _, err := conn.Read(make([]byte, 1)); hung <- err }()
		select {
		case who := <-g.guests:
			if who.node != key || shown != key || said != key {
				t.Errorf("with the key of %s, which shows %s and says %s: let in as %s", key, shown, said, who.node)
			}
			return who.Close()
		case err := <-hung:
			return err
		}
	}
	for _, c := range []struct{ key, shown, said string }{
		{"a", "b", "b"}, {"a", "a", "b"}, {"a", "b", "a"}, {"b", "a", "a"}, {"a", "", "a"}, {"a", "c", "c"},
	} {
		if err := come(c.key, c.shown, c.said); err == nil {
			t.Errorf("%+v was let in", c)
		}
	}
	for _, node := range []string{"a", "b"} {
		if err := come(node, node, node); err != nil {
			t.Errorf("%s itself: %v", node, err)
		}
	}
}

// TestStrangersGetNothing: not one byte of what is the controller's, whatever they say and however they are dressed.
func TestStrangersGetNothing(t *testing.T) {
	key := noderuntime.NewSecret()
	g, address := opened(t, key)
	bare := config(t, relay.Relay, key)
	bare.Certificates = nil
	old := config(t, relay.Relay, key)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	for name, stranger := range map[string]*tls.Config{
		"without a certificate":             bare,
		"with another run's key":            config(t, relay.Relay, noderuntime.NewSecret()),
		"with the controller's certificate": config(t, relay.Controller, key),
		"with an older TLS":                 old,
	} {
		stranger.VerifyConnection, stranger.InsecureSkipVerify = nil, true // it takes whoever answers
		conn, err := tls.Dial("tcp", address, stranger)
		if err == nil { // of TLS 1.3 the client's side is over before it is refused
			_ = control.Send(conn, relay.Greeting{Node: "n"})
			var got []byte
			got, err = io.ReadAll(conn)
			if len(got) > 0 {
				t.Errorf("%s: got %q", name, got)
			}
			conn.Close()
		}
		if err == nil {
			t.Errorf("%s: it was not refused", name)
		}
	}
	for _, said := range []string{"", "GET / HTTP/1.1\r\n\r\n", `{"node":"n"}` + "\n", "\x16\x03\x01\x00\x05hello"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, said)
		_ = conn.(*net.TCPConn).CloseWrite()
		got, _ := io.ReadAll(conn)
		if bytes.Contains(got, []byte("{")) {
			t.Errorf("%q: got %q", said, got)
		}
		conn.Close()
	}
	select {
	case who := <-g.guests:
		t.Errorf("%s was let in", who.node)
	default:
	}
}

// TestWhoHasTheKeyIsLetIn, and knows that it talks to the controller.
func TestWhoHasTheKeyIsLetIn(t *testing.T) {
	key := noderuntime.NewSecret()
	g, address := opened(t, key)
	conn, err := tls.Dial("tcp", address, config(t, relay.Relay, key))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := control.Send(conn, relay.Greeting{Node: "n"}); err != nil {
		t.Fatal(err)
	}
	if who := <-g.guests; who.node != "n" {
		t.Errorf("%q came", who.node)
	}
	other, err := relay.Controller.Config(noderuntime.NewSecret())
	if err != nil {
		t.Fatal(err)
	}
	impostor, err := tls.Listen("tcp", "127.0.0.1:0", other)
	if err != nil {
		t.Fatal(err)
	}
	defer impostor.Close()
	go func() {
		if conn, err := impostor.Accept(); err == nil {
			_ = conn.(*tls.Conn).Handshake()
		}
	}()
	_, err = tls.Dial("tcp", impostor.Addr().String(), config(t, relay.Relay, key))
	if !errors.Is(err, runkey.ErrStranger) {
		t.Errorf("a false controller: %v", err)
	}
}

// TestOneAddressDoesNotFillTheGate: who connects often and says nothing keeps nobody else out.
func TestOneAddressDoesNotFillTheGate(t *testing.T) {
	key := noderuntime.NewSecret()
	g, address := opened(t, key)
	var silent []net.Conn
	for range mostPending + 10 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		silent = append(silent, conn)
		defer conn.Close()
	}
	elsewhere := tls.Dialer{NetDialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}},
		Config: config(t, relay.Relay, key)}
	conn, err := elsewhere.Dial("tcp", address)
	if err != nil {
		t.Fatalf("from another address: %v", err)
	}
	defer conn.Close()
	if err := control.Send(conn, relay.Greeting{Node: "n"}); err != nil {
		t.Fatal(err)
	}
	if who := <-g.guests; who.node != "n" {
		t.Errorf("%q came", who.node)
	}
	if n := g.door.Inside(); n > mostEach {
		t.Errorf("%d strangers are in", n)
	}
	for _, conn := range silent[:mostEach] { // those that are in; the others were turned away
		conn.Close()
	}
	for g.door.Inside() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// TestTheGateShuts: nobody is kept, and nothing listens any more.
func TestTheGateShuts(t *testing.T) {
	g, address := opened(t, noderuntime.NewSecret())
	silent, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	for pending := 0; pending == 0; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		pending = len(g.pending)
		g.mu.Unlock()
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(silent); len(got) > 0 || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %q, %v", got, err)
	}
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("it listens")
	}
}
