package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/client"
)

// EnsureImage makes sure that the engine has the image of the program, as for a node, and returns by what it can be
// asked for there: the image's own ID, which engines with different image stores need not agree on.
func (r *Runtime) EnsureImage(ctx context.Context, api *client.Client) (id string, err error) {
	watched, stop := r.watch(ctx, api)
	defer stop()
	name, err := r.ensureImage(watched, api)
	if err != nil {
		return "", err
	}
	err = r.call(watched, "looking at the image "+name, func(ctx context.Context) error {
		found, err := api.ImageInspect(ctx, name)
		id = found.ID
		return err
	})
	return id, err
}

// Client makes a client for the engine that Docker's own client would use here. Errors name what chose it.
func Client() (*client.Client, error) {
	place, err := usual()
	if err != nil {
		return nil, fmt.Errorf("the Docker engine's address: %w", err)
	}
	return place.client()
}

// ContextClient makes a client for the engine of one of Docker's contexts, which may be on another machine. Where that
// is reached by ssh there is no client, and address is its ssh:// address. One that anybody on the network can command
// is not used.
func ContextClient(name string) (api *client.Client, address string, err error) {
	e, err := safeContext(name)
	if err != nil || isShell(e.host) {
		return nil, e.host, err
	}
	options := []client.Opt{client.WithAPIVersionNegotiation()}
	if e.secure != nil {
		options = append(options, e.secure)
	}
	api, err = client.NewClientWithOpts(append(options, client.WithHost(e.host))...)
	return api, e.host, err
}

// CheckContext fails where there is no context of a name, with a NoContextError, or its engine is one that is not used.
// It asks nobody but the files of Docker's client.
func CheckContext(name string) error {
	_, err := safeContext(name)
	return err
}

// safeContext is the endpoint of a context, unless anybody on the network can command it.
func safeContext(name string) (endpoint, error) {
	e, err := contextEndpoint(name)
	if err == nil && e.secure == nil && !isSocket(e.host) && !isShell(e.host) {
		err = fmt.Errorf("the Docker context %q leads to %s without TLS, where anybody can command the "+
			"engine: give it certificates (docker context update --docker host=...,ca=...,cert=...,key=...), or take ssh://",
			name, e.host)
	}
	return e, err
}
