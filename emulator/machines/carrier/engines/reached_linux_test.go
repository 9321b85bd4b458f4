package engines

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
)

// engineThat is a machine whose engine answers what is needed for an agent to be created, and that by a handler.
func engineThat(t *testing.T, create func(w http.ResponseWriter, end func())) machines.Machine {
	t.Helper()
	path := filepath.Join(t.TempDir(), "engine")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/containers/create"):
			create(w, func() { _ = listener.Close() })
		case strings.Contains(r.URL.Path, "/images/"):
			_, _ = fmt.Fprint(w, `{"Id": "sha256:1"}`)
		default:
			_, _ = fmt.Fprint(w, `{}`)
		}
	}))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return machines.Machine{ID: "unix://" + path}
}

// TestAnEngineThatIsLostIsTheReason: whatever is said besides; one that refuses something is not lost.
func TestAnEngineThatIsLostIsTheReason(t *testing.T) {
	for name, c := range map[string]struct {
		create func(w http.ResponseWriter, end func())
		lost   bool
	}{
		"refuses": {func(w http.ResponseWriter, _ func()) {
			http.Error(w, `{"message": "no"}`, http.StatusInternalServerError)
		},
			false},
		"ends in an answer": {func(w http.ResponseWriter, end func()) {
			end()
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = fmt.Fprint(conn, "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
			_ = conn.Close()
		}, true},
		"ends before an answer": {func(w http.ResponseWriter, end func()) {
			end()
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		}, true},
	} {
		m := engineThat(t, c.create)
		carrierOf := New([]machines.Machine{m}, Options{Image: "x"})
		_, err := carrierOf.Start(context.Background(), carrier.Launch{Testbed: "t"}, []machines.Machine{m})
		if err == nil || errors.Is(err, carrier.ErrUnreachable) != c.lost || errors.Is(err, carrier.ErrLeft) != c.lost ||
			!strings.Contains(err.Error(), m.ID) {
			t.Errorf("%s: %v", name, err)
		}
		if err := carrierOf.Close(); err != nil {
			t.Error(err)
		}
	}
}
