package docker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"testbed/emulator/internal/program"
	"testbed/emulator/noderuntime"
)

// TestManager: only a manager of a Swarm is one, and whoever is none is told what to do.
func TestManager(t *testing.T) {
	dockerConfig(t)
	for swarm, want := range map[string]string{
		`{"NodeID": "n1", "ControlAvailable": true, "LocalNodeState": "active"}`: "",
		`{"NodeID": "n1", "LocalNodeState": "active"}`:                           "docker node promote n1",
		`{"LocalNodeState": "inactive"}`:                                         "docker swarm init",
	} {
		rest := fakeEngine("A", "/var/lib/docker")
		handler := func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/info") {
				rest(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"ID": "A", "ServerVersion": "20.10.24", "KernelVersion": %q, "Swarm": %s}`, kernelRelease(), swarm)
		}
		err := New(program.At("x"), WithHost("unix://"+listen(t, handler))).Manager(context.Background())
		if want == "" && err != nil {
			t.Errorf("%s: %v", swarm, err)
		}
		if want != "" && (!errors.Is(err, noderuntime.ErrNotSupported) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, which does not say %q", swarm, err, want)
		}
	}
}
