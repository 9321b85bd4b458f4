package runkey

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
)

// shake lets two ends shake hands, and returns what the server and the client say.
func shake(t *testing.T, server, client *tls.Config) (seen string, serverErr, clientErr error) {
	t.Helper()
	a, b := net.Pipe()
	ended := make(chan error, 1)
	go func() {
		c := tls.Client(b, client)
		err := c.HandshakeContext(context.Background())
		if err == nil {
			_, err = c.Read(make([]byte, 1)) // a server refuses a certificate after the client is done
		}
		_ = b.Close()
		ended <- err
	}()
	s := tls.Server(a, server)
	if serverErr = s.HandshakeContext(context.Background()); serverErr == nil {
		seen = Peer(s.ConnectionState())
		_, _ = s.Write([]byte{1})
	}
	_ = a.Close()
	return seen, serverErr, <-ended
}

func config(t *testing.T, k Key, own, peer string) *tls.Config {
	t.Helper()
	c, err := k.TLS(own, peer)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOnlyWhoHasTheKeyIsTalkedTo(t *testing.T) {
	k, other := New(), New()
	bare := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true}
	old := config(t, k, "b", "a")
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	pretends := config(t, k, "b", "a")
	pretends.Certificates = config(t, other, "b", "").Certificates
	for name, c := range map[string]struct {
		server, client *tls.Config
		ok             bool
	}{
		"both have it":              {config(t, k, "a", ""), config(t, k, "b", "a"), true},
		"the client has another":    {config(t, k, "a", ""), config(t, other, "b", "a"), false},
		"the client has none":       {config(t, k, "a", ""), bare, false},
		"another's, and no check":   {config(t, k, "a", ""), pretends, false},
		"the server is another":     {config(t, k, "c", ""), config(t, k, "b", "a"), false},
		"the client is another":     {config(t, k, "a", "c"), config(t, k, "b", "a"), false},
		"the server has another":    {config(t, other, "a", ""), config(t, k, "b", "a"), false},
		"a client of an older TLS":  {config(t, k, "a", ""), old, false},
		"a machine without a name":  {config(t, k, "a", ""), config(t, k, "", "a"), false},
		"a machine with a nul name": {config(t, k, "a", ""), config(t, k, "b\x00", "a"), true},
	} {
		seen, serverErr, clientErr := shake(t, c.server, c.client)
		if ok := serverErr == nil && clientErr == nil; ok != c.ok {
			t.Errorf("%s: server %v, client %v", name, serverErr, clientErr)
		}
		if c.ok && !strings.HasPrefix(seen, "b") {
			t.Errorf("%s: the server sees %q", name, seen)
		}
	}
	_, err, _ := shake(t, config(t, k, "a", ""), pretends)
	if !errors.Is(err, ErrStranger) {
		t.Errorf("%v is not ErrStranger", err)
	}
}

// A key cannot be read off anything that prints or writes it.
func TestKeysAreNotPrinted(t *testing.T) {
	k := New()
	if k == New() || k == (Key{}) {
		t.Fatal("two keys are the same")
	}
	shown := fmt.Sprintf("%v %+v %s %x %q %#v %v %+v", k, k, k, k, k, k, struct{ K Key }{k}, &k)
	for n := range len(k) - 3 {
		if strings.Contains(shown, hex.EncodeToString(k[n:n+4])) || strings.Contains(shown, fmt.Sprint(k[n:n+4])) {
			t.Fatalf("it shows: %s", shown)
		}
	}
	if text, err := json.Marshal(struct{ K Key }{k}); err == nil {
		t.Errorf("JSON has it: %s", text)
	}
}
