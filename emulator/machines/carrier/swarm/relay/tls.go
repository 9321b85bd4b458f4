package relay

import (
	"crypto/tls"
	"errors"

	"testbed/emulator/internal/runkey"
	"testbed/emulator/noderuntime"
)

// Side is one of the two that a run's key makes known to one another.
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

// Config is a side's for TLS 1.3: it proves that it has the run's key and is that side, and demands the same of the
// other. The handshake with anybody else fails with runkey.ErrStranger.
func (s Side) Config(key noderuntime.Secret) (*tls.Config, error) {
	if key.IsZero() {
		return nil, errors.New("a run without a key")
	}
	return runkey.Key(key.Derive("machines", "tls")).TLS(string(s), string(s.other()))
}
