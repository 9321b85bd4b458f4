package canary

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines/control"
)

// agent is one whose canaries are made by a function.
type agent Make

func (a agent) Open(service string) (net.Conn, error) {
	if service != Service {
		return nil, control.ErrNoService
	}
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		Serve(Make(a))(context.Background(), there)
	}()
	return here, nil
}

// nameOn is that of the testbed of a machine's canary.
func nameOn(testbed, machine string) string { return "tb-canary-" + machine + "~" + testbed }

// machinesIn are agents that make canaries below a directory, but for the one that cannot.
func machinesIn(dir, failing string) Places {
	made := func(testbed, machine string) (fabric.Fabric, string, func() error, error) {
		if machine == failing {
			return nil, "", nil, fabric.ErrNotSupported
		}
		name := nameOn(testbed, machine)
		f := carrier(filepath.Join(dir, machine), name).(*userspace.Fabric)
		f.Beside()
		return f, name, func() error { return nil }, nil
	}
	return Places{Names: []string{"first", "second"}, IDs: []string{"a", "b"},
		At: func(string) control.Opener { return agent(made) }}
}

// TestCanariesOfSeveralMachines: each machine has one, and tells what it came to; nothing is left on any.
func TestCanariesOfSeveralMachines(t *testing.T) {
	testenv.Privileged(t)
	testenv.Repeat(t, canaryTries, func() error {
		f, err := StartFlock(t.Context(), "far", machinesIn(t.TempDir(), ""))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		sum, err := f.Stop(t.Context())
		if err != nil {
			t.Error(err)
		}
		all := f.Machines()
		if len(all) != 2 || all[0].Name != "first" || all[1].Name != "second" ||
			sum.Probes != all[0].Probes+all[1].Probes || sum.Late.Count != sum.Probes-sum.Lost {
			t.Fatalf("%d probes, %d lost, of %+v", sum.Probes, sum.Lost, all)
		}
		gone(t, nameOn("far", "a"))
		gone(t, nameOn("far", "b"))
		if all[0].Probes == 0 || all[1].Probes == 0 {
			return fmt.Errorf("of two, the probes are %d and %d", all[0].Probes, all[1].Probes)
		}
		return nil
	})
}

// TestOneMachineWithoutACanary is named, and no other has one then.
func TestOneMachineWithoutACanary(t *testing.T) {
	testenv.Privileged(t)
	p := machinesIn(t.TempDir(), "b")
	_, err := StartFlock(t.Context(), "half", p)
	if !errors.Is(err, fabric.ErrNotSupported) || !strings.Contains(err.Error(), "machine second: ") {
		t.Errorf("got %v", err)
	}
	gone(t, nameOn("half", "a"))
}

// TestACanaryEndsWithItsStream: a controller that was killed leaves none.
func TestACanaryEndsWithItsStream(t *testing.T) {
	testenv.Privileged(t)
	p := machinesIn(t.TempDir(), "")
	f, err := StartFar(t.Context(), p.At("a"), "cut", "a", "first")
	if err != nil {
		t.Fatal(err)
	}
	_ = f.stream.Close()
	gone(t, nameOn("cut", "a"))
	if _, err := f.Stop(t.Context()); !errors.Is(err, control.ErrLost) {
		t.Errorf("an agent that says nothing: %v", err)
	}
}
