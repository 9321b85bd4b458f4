package dapr

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"testbed/emulator/faas/keyspace"
)

// shared is memory for several goroutines.
type shared struct{ taken atomic.Int64 }

func (m *shared) Take(n int64) error {
	m.taken.Add(n)
	return nil
}

func (m *shared) Give(n int64) { m.taken.Add(-n) }

// A function's own requests side by side: with ETags each is counted once, and what comes when the invocation is over
// is refused, whenever that is.
func TestParallelRequests(t *testing.T) {
	const users, each = 8, 20
	var memory shared
	session := NewSession([]Store{{[]string{DefaultStore}, keyspace.New(0)}}, 1<<20, &memory)
	handler := Handler("f", func(*http.Request) (*Session, error) { return session, nil })
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, state+path, strings.NewReader(body)))
		return w
	}
	if w := ask("POST", "", `[{"key":"n","value":0}]`); w.Code != http.StatusNoContent {
		t.Fatal(w.Code, w.Body)
	}
	var wait sync.WaitGroup
	for range users {
		wait.Go(func() {
			for done := 0; done < each; {
				have := ask("GET", "/n", "")
				n, _ := strconv.Atoi(have.Body.String())
				body := fmt.Sprintf(`[{"key":"n","value":%d,"etag":%q}]`, n+1, have.Header().Get("ETag"))
				switch w := ask("POST", "", body); w.Code {
				case http.StatusNoContent:
					done++
				case http.StatusConflict:
				default:
					t.Error(w.Code, w.Body)
					return
				}
			}
		})
	}
	wait.Wait()
	var late atomic.Int64
	for i := range users {
		wait.Go(func() {
			for ask("PUT", "", fmt.Sprintf(`[{"key":"late%d","value":1}]`, i)).Code == http.StatusNoContent {
				late.Add(1)
			}
		})
	}
	for late.Load() < users {
		if ask("GET", "/n", "").Code != http.StatusOK {
			t.Fatal("it is over too early")
		}
	}
	space := session.Close()[0]
	digest := space.Digest()
	wait.Wait()
	if value, _, _ := space.Get("n"); string(value) != strconv.Itoa(users*each) || space.Digest() != digest {
		t.Errorf("counted to %s, want %d; digest %s then, %s now", value, users*each, digest, space.Digest())
	}
	session.Free()
	if n := memory.taken.Load(); n != 0 {
		t.Errorf("%d bytes are in use in the end", n)
	}
}
