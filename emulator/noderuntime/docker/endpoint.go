package docker

import (
	"cmp"
	"os"

	"github.com/docker/docker/client"
)

// Endpoint is the address of the engine that the runtime uses, such as unix:///var/run/docker.sock.
func (r *Runtime) Endpoint() string {
	return cmp.Or(r.host, os.Getenv(client.EnvOverrideHost), client.DefaultDockerHost)
}
