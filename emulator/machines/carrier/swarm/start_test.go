package swarm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"

	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/noderuntime"
)

// manager is an engine that makes the secrets and services that it is asked for, and remembers them.
type manager struct {
	secrets  map[string]swarm.SecretSpec // by ID
	services []swarm.ServiceSpec
}

func (m *manager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	var err error
	id := "{}"
	switch {
	case strings.HasSuffix(r.URL.Path, "/services"):
		id = "[]"
	case strings.HasSuffix(r.URL.Path, "/secrets/create"):
		var s swarm.SecretSpec
		err = json.NewDecoder(r.Body).Decode(&s)
		id = fmt.Sprintf(`{"ID": "secret%d"}`, len(m.secrets))
		m.secrets[fmt.Sprint("secret", len(m.secrets))] = s
	case strings.HasSuffix(r.URL.Path, "/services/create"):
		var s swarm.ServiceSpec
		err = json.NewDecoder(r.Body).Decode(&s)
		id = fmt.Sprintf(`{"ID": "service%d"}`, len(m.services))
		m.services = append(m.services, s)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprint(w, id)
}

// TestEachMachineHasAKeyOfItsOwn: a Swarm gives a secret to the machines alone that have a task with it, so each
// machine's key is in the secret of a service that runs there and nowhere else.
func TestEachMachineHasAKeyOfItsOwn(t *testing.T) {
	m := &manager{secrets: map[string]swarm.SecretSpec{}}
	engine := httptest.NewServer(m)
	defer engine.Close()
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+engine.Listener.Addr().String()),
		client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	on := []machines.Machine{{ID: "m1"}, {ID: "m2"}, {ID: "m3"}}
	s := &start{Carrier: New(Options{API: api}), launch: carrier.Launch{Testbed: "t"}, word: "w", image: "i", on: on,
		keys: map[string]noderuntime.Secret{}}
	for _, one := range on {
		s.keys[one.ID] = noderuntime.NewSecret()
	}
	ids, err := s.create(t.Context(), "192.0.2.1:1")
	if err != nil || len(ids) != 3 || len(m.services) != 3 {
		t.Fatalf("%v of %d, %v", ids, len(m.services), err)
	}
	keys, names := map[string]bool{}, map[string]bool{}
	for i, of := range m.services {
		task := of.TaskTemplate
		if want := "node.id==" + on[i].ID; len(task.Placement.Constraints) != 1 || task.Placement.Constraints[0] != want ||
			of.Mode.Replicated == nil || *of.Mode.Replicated.Replicas != 1 {
			t.Errorf("service %d: %v, %+v, want one task where %s", i, task.Placement.Constraints, of.Mode, want)
		}
		if len(task.ContainerSpec.Secrets) != 1 {
			t.Fatalf("service %d has %d secrets", i, len(task.ContainerSpec.Secrets))
		}
		secret := m.secrets[task.ContainerSpec.Secrets[0].SecretID]
		var key noderuntime.Secret
		if err := key.UnmarshalText(secret.Data); err != nil || key != s.keys[on[i].ID] {
			t.Errorf("service %d has another machine's key, %v", i, err)
		}
		keys[string(secret.Data)], names[of.Name] = true, true
	}
	if len(keys) != 3 || len(names) != 3 || !names["tb-agents-t"] {
		t.Errorf("%d keys, services %v", len(keys), names)
	}
}
