package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/docker/api/types/system"
)

// ErrOtherEngine is wrapped by errors about an engine that is not the one that was meant.
var ErrOtherEngine = errors.New("another Docker engine")

// identityOf is by what an engine is known, wherever it listens. Engines up to 20.10 on one machine share the
// ID that they tell, as it is kept in /etc/docker; but no two have the same directory.
func identityOf(info system.Info) string { return info.ID + "@" + info.DockerRootDir }

// EngineID asks the engine who it is: the same socket by another path is the same engine, and another
// engine at the same path is another. The errors are those of Supported.
func (r *Runtime) EngineID(ctx context.Context) (string, error) {
	e, err := r.EngineVersion(ctx)
	return e.ID, err
}

// ForEngine returns a runtime like r for the engine whose Endpoint and EngineID were recorded, whatever
// DOCKER_HOST and contexts say by now: the one at that endpoint, or where that does not answer or has become
// another one's, the one in use now, where it is the same. The error wraps ErrOtherEngine where another one
// answers, and noderuntime.ErrNotSupported where none does. An empty endpoint stands for the one in use, an
// empty id for any.
func (r *Runtime) ForEngine(ctx context.Context, endpoint, id string) (*Runtime, error) {
	var failed []error
	for _, host := range []string{endpoint, r.host} {
		candidate := r.at(host)
		is, err := candidate.EngineID(ctx)
		switch {
		case err == nil && (id == "" || is == id):
			return candidate, nil
		case err == nil:
			err = fmt.Errorf("%w: at %s is engine %s, not %s", ErrOtherEngine, candidate.Endpoint(), is, id)
		}
		failed = append(failed, err)
		if endpoint == "" || candidate.Endpoint() == r.Endpoint() {
			break // there is no other one
		}
	}
	return nil, errors.Join(failed...)
}

// at returns a runtime like r for the engine at a host.
func (r *Runtime) at(host string) *Runtime {
	return &Runtime{program: r.program, host: host, secrets: r.secrets, key: r.key,
		patience: r.patience, longest: r.longest, notices: r.notices,
		parallel: r.parallel, removers: r.removers, signals: r.signals, names: r.names}
}
