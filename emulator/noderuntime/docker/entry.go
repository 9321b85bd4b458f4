package docker

import (
	"context"

	"testbed/emulator/catalogue"
	"testbed/emulator/noderuntime"
)

// Name is the runtime's name.
const Name = "docker"

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return noderuntime.Choices.Of(catalogue.Entry[noderuntime.Choice]{
		Description: catalogue.Description{
			Name: Name, About: "each node is an unprivileged container of a Docker engine", Images: true,
			Remedy: "apt-get install docker.io && systemctl start docker",
		},
		Does: noderuntime.Choice{New: func(e noderuntime.Environment) noderuntime.Made {
			return made(New(e.Program, WithSecrets(e.Secrets), WithKey(e.Key)))
		}},
	})
}

func made(r *Runtime) noderuntime.Made {
	return noderuntime.Made{Runtime: r, Supported: r.Supported, Endpoint: r.Endpoint, EngineID: r.EngineID,
		Foreign: r.Foreign, Prune: r.Prune,
		For: func(ctx context.Context, endpoint, id string) (noderuntime.Made, error) {
			other, err := r.ForEngine(ctx, endpoint, id)
			if err != nil {
				return noderuntime.Made{}, err
			}
			return made(other), nil
		}}
}
