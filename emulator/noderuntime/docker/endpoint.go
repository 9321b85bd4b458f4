package docker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/docker/docker/client"
)

// The variables by which Docker's own client is told of an engine; client.EnvOverrideHost is another.
const (
	envContext = "DOCKER_CONTEXT"
	envConfig  = "DOCKER_CONFIG"
)

// endpoint is how an engine is reached.
type endpoint struct {
	host   string // such as unix:///var/run/docker.sock
	chosen string // by what, for messages
	secure func(*client.Client) error
}

// Endpoint is the address of the engine that the runtime uses, such as unix:///var/run/docker.sock, absolute,
// so that it is found again from anywhere. It is empty where it cannot be told: Supported says why.
func (r *Runtime) Endpoint() string {
	place, err := r.locate()
	if err != nil {
		return ""
	}
	return place.host
}

// locate finds out which engine is meant, as Docker's own client does: DOCKER_HOST, else the context that
// DOCKER_CONTEXT or its configuration names, else the default address. The configuration is in DOCKER_CONFIG or in
// $HOME/.docker: under sudo that is mostly root's, as it is for Docker's client.
func (r *Runtime) locate() (endpoint, error) {
	usual, err := usual()
	if r.host == "" {
		return usual, err
	}
	given := endpoint{host: absolute(r.host), chosen: "the address given"}
	if err == nil && given.host == usual.host {
		return usual, nil // with its certificates
	}
	return given, checkHost(given)
}

func usual() (endpoint, error) {
	if host := os.Getenv(client.EnvOverrideHost); host != "" {
		e := endpoint{host: absolute(host), chosen: client.EnvOverrideHost}
		if !isSocket(host) {
			e.secure = environmentTLS
		}
		return e, checkHost(e)
	}
	name, chosen, err := contextName()
	if err != nil {
		return endpoint{}, err
	}
	if name == "" || name == defaultContext {
		return endpoint{host: client.DefaultDockerHost, chosen: "the default address"}, nil
	}
	e, err := contextEndpoint(name)
	if absent := (*NoContextError)(nil); errors.As(err, &absent) {
		return endpoint{}, fmt.Errorf("%s: %w: choose another with `docker context use`", chosen, err)
	}
	if err != nil {
		return endpoint{}, fmt.Errorf("%s: %w", chosen, err)
	}
	return e, checkHost(e)
}

// environmentTLS is what Docker's client takes from DOCKER_CERT_PATH and DOCKER_TLS_VERIFY. Verification without
// a path takes the certificates beside its configuration.
func environmentTLS(c *client.Client) error {
	dir := os.Getenv(client.EnvOverrideCertPath)
	if os.Getenv(client.EnvTLSVerify) == "" || dir != "" {
		return client.WithTLSClientConfigFromEnv()(c)
	}
	dir, err := configDir()
	if err != nil {
		return err
	}
	files, err := readTLS(dir)
	if err != nil {
		return err
	}
	return files.apply(c, false)
}

// isSocket tells whether a host is a local socket, which needs no certificates.
func isSocket(host string) bool { return strings.HasPrefix(host, "unix://") }

// isShell tells whether a host is reached by ssh.
func isShell(host string) bool { return strings.HasPrefix(host, "ssh://") }

// absolute makes the path of a local socket absolute.
func absolute(host string) string {
	if path, ok := strings.CutPrefix(host, "unix://"); ok && path != "" {
		if whole, err := filepath.Abs(path); err == nil {
			return "unix://" + whole
		}
	}
	return host
}

// checkHost refuses what Docker's client library would not understand.
func checkHost(e endpoint) error {
	if isShell(e.host) {
		return fmt.Errorf("%s leads to %s: nodes need an engine on this machine, which ssh does not reach", e.chosen, e.host)
	}
	if strings.ContainsFunc(e.host, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return fmt.Errorf("%s: %q is no engine's address", e.chosen, e.host)
	}
	if _, err := client.ParseHostURL(e.host); err != nil {
		return fmt.Errorf("%s: %w", e.chosen, err)
	}
	return nil
}

// connect returns the client, made at the first call.
func (r *Runtime) connect() (*client.Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.api != nil {
		return r.api, nil
	}
	place, err := r.locate()
	if err != nil {
		return nil, fmt.Errorf("the Docker engine's address: %w", err)
	}
	api, err := place.client()
	if err != nil {
		return nil, err
	}
	r.api, r.place = api, place
	return api, nil
}

// client makes a client for the engine.
func (e endpoint) client() (*client.Client, error) {
	options := []client.Opt{client.WithVersionFromEnv(), client.WithAPIVersionNegotiation()}
	if e.secure != nil {
		options = append(options, e.secure)
	}
	api, err := client.NewClientWithOpts(append(options, client.WithHost(e.host))...)
	if err != nil {
		return nil, fmt.Errorf("the Docker engine's address (%s, %s): %w", e.host, e.chosen, err)
	}
	return api, nil
}
