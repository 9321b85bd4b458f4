package swarm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"

	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/swarm/relay"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
)

// TestOnlyAManagerIsAsked: whoever is none is told what to do, and whoever does not answer is not taken for one.
func TestOnlyAManagerIsAsked(t *testing.T) {
	for swarm, want := range map[string]string{
		`{"NodeID": "n1", "ControlAvailable": true, "LocalNodeState": "active"}`: "",
		`{"NodeID": "n1", "LocalNodeState": "active"}`:                           "node promote n1",
		`{"LocalNodeState": "inactive"}`:                                         "docker swarm init",
	} {
		engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if strings.HasSuffix(r.URL.Path, "/nodes") {
				fmt.Fprint(w, `[{"ID": "b", "Description": {"Hostname": "y"}, "Status": {"State": "down"}},
					{"ID": "a", "Description": {"Hostname": "x", "Resources": {"NanoCPUs": 2000000000}},
					"Spec": {"Availability": "active"}, "Status": {"State": "ready", "Addr": "192.0.2.1"}}]`)
				return
			}
			fmt.Fprintf(w, `{"ID": "A", "Swarm": %s}`, swarm)
		}))
		api, err := client.NewClientWithOpts(client.WithHost("tcp://"+engine.Listener.Addr().String()),
			client.WithVersion("1.41"))
		if err != nil {
			t.Fatal(err)
		}
		c := New(Options{API: api})
		fit, unfit, err := c.Machines(context.Background())
		switch {
		case want != "":
			if !errors.Is(err, noderuntime.ErrNotSupported) || !errors.Is(err, ErrNoManager) ||
				!strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, which does not say %q", swarm, err, want)
			}
		case err != nil || len(fit) != 1 || fit[0].ID != "a" || fit[0].CPUs != 2 || fit[0].Address != "192.0.2.1":
			t.Errorf("%+v, %v", fit, err)
		case len(unfit) != 1 || unfit[0].Machine.ID != "b" || !strings.Contains(unfit[0].Why, "down"):
			t.Errorf("unfit: %v", unfit)
		}
		engine.Close()
		if _, _, err := c.Machines(context.Background()); !errors.Is(err, carrier.ErrUnreachable) {
			t.Errorf("nobody answers: %v", err)
		}
		api.Close()
	}
}

// TestAManagerThatIsLostIsTheReason: one that ends in the middle of its answer, and one that only refuses.
func TestAManagerThatIsLostIsTheReason(t *testing.T) {
	for _, lost := range []bool{false, true} {
		var engine *httptest.Server
		engine = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch {
			case !strings.HasSuffix(r.URL.Path, "/services"):
				fmt.Fprint(w, `{"ID": "A", "Swarm": {"NodeID": "n1", "ControlAvailable": true, "LocalNodeState": "active"}}`)
			case !lost:
				http.Error(w, `{"message": "not now"}`, http.StatusInternalServerError)
			default:
				engine.Listener.Close()
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n[")
				conn.Close()
			}
		}))
		api, err := client.NewClientWithOpts(client.WithHost("tcp://"+engine.Listener.Addr().String()),
			client.WithVersion("1.41"))
		if err != nil {
			t.Fatal(err)
		}
		c := New(Options{API: api})
		if _, err := c.Claims(context.Background(), "t"); errors.Is(err, carrier.ErrUnreachable) != lost || err == nil {
			t.Errorf("lost: %v; claims: %v", lost, err)
		}
		left, err := c.Remove(context.Background(), "t")
		if lost != (len(left) == 1) || lost != (err == nil) {
			t.Errorf("lost: %v; left %v, %v", lost, left, err)
		}
		engine.Close()
		api.Close()
	}
}

// TestASecretIsAClaim: a start that is under way, or was killed, may have no service yet.
func TestASecretIsAClaim(t *testing.T) {
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/services"):
			fmt.Fprint(w, `[]`)
		case strings.HasSuffix(r.URL.Path, "/secrets"):
			fmt.Fprint(w, `[{"ID": "s", "Spec": {"Name": "tb-agents-t", "Labels": {"testbed.agent.by": "there"}}}]`)
		default:
			fmt.Fprint(w, `{"ID": "A", "Swarm": {"NodeID": "n1", "ControlAvailable": true, "LocalNodeState": "active"}}`)
		}
	}))
	defer engine.Close()
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+engine.Listener.Addr().String()),
		client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	claims, err := New(Options{API: api}).Claims(context.Background(), "t")
	if err != nil || len(claims) != 1 || claims[0].By != "there" ||
		!strings.Contains(claims[0].Says, "the secret tb-agents-t") {
		t.Errorf("%+v, %v", claims, err)
	}
}

// TestATaskThatWasKilled is lost; one that ended by itself, or never ran, is not.
func TestATaskThatWasKilled(t *testing.T) {
	for status, lost := range map[int]bool{137: true, 1: false, 0: false} {
		task := swarm.Task{Status: swarm.TaskStatus{State: swarm.TaskStateFailed,
			ContainerStatus: &swarm.ContainerStatus{ExitCode: status}}}
		if err := (&start{}).reason(task); errors.Is(err, control.ErrLost) != lost {
			t.Errorf("status %d: %v", status, err)
		}
	}
	if err := (&start{}).reason(swarm.Task{}); errors.Is(err, control.ErrLost) {
		t.Error(err)
	}
}

// TestWhatARelaySays is of all kinds that it names: an engine that is lost may have left something.
func TestWhatARelaySays(t *testing.T) {
	lost := said(relay.Answer{Failed: "no answer", Unreachable: true, Left: true})
	if !errors.Is(lost, carrier.ErrUnreachable) || !errors.Is(lost, carrier.ErrLeft) ||
		errors.Is(lost, carrier.ErrTaken) || !strings.Contains(lost.Error(), "no answer") {
		t.Error(lost)
	}
	if taken := said(relay.Answer{Failed: "there", Taken: true}); !errors.Is(taken, carrier.ErrTaken) ||
		errors.Is(taken, carrier.ErrUnreachable) || errors.Is(taken, carrier.ErrLeft) {
		t.Error(taken)
	}
}
