package relay

import (
	"crypto/tls"
	"errors"

	"testbed/emulator/internal/runkey"
	"testbed/emulator/noderuntime"
)

// Side is one of the two that a node's key makes known to one another.
type Side string

// The sides.
const (
	Controller Side = "controller"
	Relay      Side = "relay"
)

// other is whom a side talks to.
func (s Side) other() Side {
	if s == Controller {
		return Relay
	}
	return Controller
}

// Dialing is the configuration of the relay on a node, with the node's key: it says which node that is, so that the
// controller knows by what key it is to be held.
func Dialing(node string, key noderuntime.Secret) (*tls.Config, error) {
	config, err := Relay.Config(key)
	if err == nil {
		config.ServerName = node
	}
	return config, err
}

// Config is a side's for TLS 1.3: it proves that it has the node's key and is that side, and demands the same of the
// other. The handshake with anybody else fails with runkey.ErrStranger.
func (s Side) Config(key noderuntime.Secret) (*tls.Config, error) {
	if key.IsZero() {
		return nil, errors.New("a node without a key")
	}
	return runkey.Key(key.Derive("machines", "tls")).TLS(string(s), string(s.other()))
}
