package container

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"testbed/emulator/machines/carrier"
)

// apiThat is the client of an engine that answers by a handler.
func apiThat(t *testing.T, answer http.HandlerFunc) *client.Client {
	t.Helper()
	engine := httptest.NewServer(answer)
	t.Cleanup(engine.Close)
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+engine.Listener.Addr().String()),
		client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	return api
}

// TestAnEngineThatHangsIsNotWaitedFor: the client would wait for it whatever becomes of its context.
func TestAnEngineThatHangsIsNotWaitedFor(t *testing.T) {
	asked, end := make(chan struct{}), make(chan struct{})
	api := apiThat(t, func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-end
	})
	defer close(end)
	ctx, cancel := context.WithCancelCause(context.Background())
	enough := errors.New("enough")
	go func() {
		<-asked
		cancel(enough)
	}()
	if _, err := attach(ctx, api, "x"); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

// calls are those that an engine got, by what they do.
type calls struct {
	mu  sync.Mutex
	all []string
}

func (c *calls) add(r *http.Request) (call string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	call = r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v1.41/containers/")
	c.all = append(c.all, call)
	return call
}

// TestReplaceTakesWhatIsThereFirst: an agent that was created and never started holds the name of the next one, and no
// end of a connection removes it. It is asked to end before it is made to.
func TestReplaceTakesWhatIsThereFirst(t *testing.T) {
	var c calls
	api := apiThat(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch call := c.add(r); call {
		case "GET json":
			fmt.Fprint(w, `[{"Id": "left", "Command": "/testbed machine-agent /p /d"},
				{"Id": "relay", "Command": "/testbed machine-relay 192.0.2.1:1"}]`)
		case "POST create":
			http.Error(w, `{"message": "no"}`, http.StatusInternalServerError)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	})
	_, err := Start(context.Background(), api, Spec{Testbed: "t", Socket: "/s", Programs: "/p", Replace: true})
	if err == nil || errors.Is(err, carrier.ErrLeft) {
		t.Errorf("got %v, want what the engine says, and nothing is left", err)
	}
	if want := []string{"GET json", "POST left/stop", "DELETE left", "POST create"}; !slices.Equal(c.all, want) {
		t.Errorf("%q, want %q", c.all, want)
	}
}

// TestRelaysAreRemovedByThemselves: those of a Swarm, which an engine that was killed has kept, and not the agents.
func TestRelaysAreRemovedByThemselves(t *testing.T) {
	var c calls
	api := apiThat(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if c.add(r) == "GET json" {
			if labels := r.URL.Query().Get("filters"); !strings.Contains(labels, LabelTestbed+"=t") {
				t.Errorf("asked for %s", labels)
			}
			fmt.Fprint(w, `[{"Id": "agent", "Command": "/testbed machine-agent /p /d"},
				{"Id": "relay", "Command": "/testbed machine-relay 192.0.2.1:1"}]`)
			return
		}
		if seconds := r.URL.Query().Get("t"); r.Method == http.MethodPost && seconds != "60" {
			t.Errorf("it has %q s to end", seconds)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	if err := RemoveThose(context.Background(), api, "t", "machine-relay", time.Minute); err != nil {
		t.Error(err)
	}
	if want := []string{"GET json", "POST relay/stop", "DELETE relay"}; !slices.Equal(c.all, want) {
		t.Errorf("%q, want %q", c.all, want)
	}
}

// TestWhatCannotBeRemovedIsSaid: a container that could not be removed, and one that the engine may create yet.
func TestWhatCannotBeRemovedIsSaid(t *testing.T) {
	for _, at := range []string{"POST create", "DELETE made"} {
		var c calls
		api := apiThat(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch call := c.add(r); {
			case call == at && r.Method == http.MethodPost: // the connection is lost
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_ = conn.Close()
			case call == "POST create":
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, `{"Id": "made"}`)
			default:
				http.Error(w, `{"message": "no"}`, http.StatusInternalServerError)
			}
		})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		if _, err := Start(ctx, api, Spec{Testbed: "t", Socket: "/s", Programs: "/p"}); !errors.Is(err, carrier.ErrLeft) {
			t.Errorf("%s: got %v", at, err)
		}
		cancel()
	}
}
