package seat

import (
	"errors"

	"github.com/docker/docker/client"

	"testbed/emulator/internal/program"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/agent"
	"testbed/emulator/machines/carrier/engines"
	"testbed/emulator/machines/carrier/swarm"
	"testbed/emulator/noderuntime/docker"
	"testbed/emulator/noderuntime/remote"
)

// NewCarrier makes the carrier that a configuration names, of agents that run p, which is to be this program, in an
// image that secrets signs. Of the configuration the members from Carrier to Socket count, and Dir as in
// engines.Options.Temporary. It talks to no machine yet.
func NewCarrier(c Config, p program.Program, secrets remote.Secrets) (carrier.Carrier, error) {
	digest, err := agent.Digest()
	if err != nil {
		return nil, err
	}
	if c.Carrier == engines.Name {
		return engines.New(c.Machines, engines.Options{Program: p, Key: secrets.Key, Image: c.Image, SSH: c.SSH,
			Digest: digest, Temporary: c.Dir}), nil
	}
	api, err := docker.Client()
	if err != nil {
		return nil, err
	}
	return &managed{swarm.New(swarm.Options{API: api, Program: p, Key: secrets.Key, Image: c.Image, Listen: c.Listen,
		Socket: c.Socket, Digest: digest}), api}, nil
}

// managed is a Swarm's carrier with the client of its manager.
type managed struct {
	*swarm.Carrier
	api *client.Client
}

// Close gives up the connection to the manager.
func (m *managed) Close() error { return errors.Join(m.Carrier.Close(), m.api.Close()) }
