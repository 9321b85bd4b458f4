package docker

import (
	"context"
	"fmt"
)

// Manager returns nil where the engine is a manager of a Swarm, which alone can be asked for its machines. Otherwise it
// says why not, wrapping noderuntime.ErrNotSupported.
func (r *Runtime) Manager(ctx context.Context) error {
	if _, err := r.EngineVersion(ctx); err != nil {
		return err
	}
	api, err := r.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	info, err := api.Info(ctx)
	if err != nil {
		return unreachable(api.DaemonHost(), err)
	}
	switch {
	case info.Swarm.ControlAvailable:
		return nil
	case info.Swarm.NodeID != "":
		return unsupported(fmt.Sprintf("the engine at %s is a worker of its Swarm, not a manager: run testbed on a manager, "+
			"or docker node promote %s there", api.DaemonHost(), info.Swarm.NodeID), nil)
	}
	return unsupported(fmt.Sprintf("the engine at %s is not a manager of a Swarm, for it is in none: docker swarm init, "+
		"or name the machines (--machines ssh://a,ssh://b)", api.DaemonHost()), nil)
}
