package relay

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"time"

	"testbed/emulator/noderuntime"
)

// Side is one of the two that a run's key makes known to one another.
type Side string

// The sides.
const (
	Controller Side = "controller"
	Relay      Side = "relay"
)

// ErrStranger is wrapped by errors about a peer that does not have the run's key.
var ErrStranger = errors.New("the peer does not have the run's key")

// other is whom a side talks to.
func (s Side) other() Side {
	if s == Controller {
		return Relay
	}
	return Controller
}

// private is a side's key pair, which whoever has the run's key can work out, and nobody else.
func (s Side) private(key noderuntime.Secret) ed25519.PrivateKey {
	seed := key.Derive("machines", "tls", string(s))
	return ed25519.NewKeyFromSeed(seed[:])
}

// Config is a side's for TLS 1.3. No authority signs anything: each side has the one key pair that the run's key gives
// to it, proves in the handshake that it does, and demands the same of the other.
func (s Side) Config(key noderuntime.Secret) (*tls.Config, error) {
	if key.IsZero() {
		return nil, errors.New("a run without a key")
	}
	mine, theirs := s.private(key), s.other().private(key).Public().(ed25519.PublicKey)
	certificate, err := selfSigned(mine, string(s))
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{certificate},
		ClientAuth:             tls.RequireAnyClientCert,
		SessionTicketsDisabled: true,
		InsecureSkipVerify:     true, // of names and authorities: VerifyConnection knows the one key that may be there
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) != 1 {
				return ErrStranger
			}
			if shown, ok := state.PeerCertificates[0].PublicKey.(ed25519.PublicKey); !ok || !theirs.Equal(shown) {
				return ErrStranger
			}
			return nil
		},
	}, nil
}

func selfSigned(key ed25519.PrivateKey, name string) (tls.Certificate, error) {
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "testbed " + name},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(10 * 365 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
