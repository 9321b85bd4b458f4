package emulator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"testbed/emulator/internal/program"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/engines"
	"testbed/emulator/machines/carrier/swarm"
	"testbed/emulator/machines/seat"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/docker"
	"testbed/emulator/noderuntime/remote"
	"testbed/emulator/orchestrator"
)

// Secrets are those by which containers of a host's testbeds are known: of the testbeds that a store has records of,
// and of the host's key in a file.
func Secrets(store, key string) remote.Secrets {
	h := &orchestrator.Host{Store: orchestrator.Store(store), Key: key}
	return remote.Secrets{Of: h.Secrets, Key: h.ImageSecret}
}

// carrier is what brings agents to the machines of a list, in an image that is given, or made of this program. The
// caller closes it.
func (h *Host) carrier(spec machines.Spec, image string) (carrier.Carrier, error) {
	if spec.Kind == machines.Supposed {
		return nil, inputf("machines that are only supposed carry nothing: name them, or write swarm")
	}
	c := seat.Config{Carrier: carrierOf(spec), Machines: spec.Machines, Image: image}
	found, err := seat.NewCarrier(c, program.At("/proc/self/exe"), Secrets(string(h.Store), h.Key))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", noderuntime.ErrNotSupported, err)
	}
	return found, nil
}

// carrierOf is the name of the carrier to the machines of a list.
func carrierOf(spec machines.Spec) string {
	if spec.Kind == machines.Swarm {
		return swarm.Name
	}
	return engines.Name
}

// named fails, wrapping ErrInput, where a list of machines names one that is not there: a context that Docker's client
// does not know, or none that can be used. Machines that are there and do not answer are another matter.
func named(spec machines.Spec) error {
	var failed []error
	for _, m := range spec.Machines {
		if spec.Kind != machines.Listed || strings.Contains(m.ID, ":") { // a URL
			continue
		}
		err := docker.CheckContext(m.ID)
		if absent := (*docker.NoContextError)(nil); errors.As(err, &absent) {
			err = fmt.Errorf("machine %s: %w: name one that `docker context ls` lists, or write ssh://%s, unix:///SOCKET, or "+
				"swarm", m.ID, err, m.ID)
		}
		failed = append(failed, err)
	}
	return input(errors.Join(failed...))
}

// reached are the machines of a list that can be asked, and why others cannot.
func (h *Host) reached(ctx context.Context, spec machines.Spec) (fit []machines.Machine, unfit []string, err error) {
	if err := named(spec); err != nil {
		return nil, nil, err
	}
	c, err := h.carrier(spec, "")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	fit, others, err := c.Machines(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, u := range others {
		unfit = append(unfit, u.String())
	}
	return fit, unfit, nil
}

// asking bounds how long all machines may take to say what they have.
const asking = time.Minute

// ask finds the machines that a list means: those of the Swarm that can carry something, or all that are listed, with
// what is known of them. unfit says of those that cannot be used why.
func (h *Host) ask(ctx context.Context, spec machines.Spec) (found []machines.Machine, unfit []string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, asking, fmt.Errorf("the machines have not answered in %v", asking))
	defer cancel()
	fit, unfit, err := h.reached(ctx, spec)
	if err != nil {
		return nil, nil, err
	}
	if spec.Kind == machines.Swarm {
		if len(fit) == 0 {
			return nil, nil, fmt.Errorf("no machine of the Swarm can be used (%q): %w", unfit, noderuntime.ErrNotSupported)
		}
		return fit, unfit, nil
	}
	found = slices.Clone(spec.Machines) // whoever lists a machine wants it: it is not left out for want of an answer
	for _, m := range fit {
		if i := slices.IndexFunc(found, func(o machines.Machine) bool { return o.ID == m.ID }); i >= 0 {
			found[i] = m
		}
	}
	return found, unfit, nil
}
