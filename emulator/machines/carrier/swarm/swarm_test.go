package swarm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docker/docker/client"

	"testbed/emulator/machines/carrier"
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
