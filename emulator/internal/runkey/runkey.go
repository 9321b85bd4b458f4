// Package runkey turns the one secret that the machines of a testbed share into what they talk to each other with: TLS
// 1.3 in which each side proves that it has the secret, and that it is the machine that it says it is.
//
// From the key and a machine's name each side derives the same pair of Ed25519 keys (RFC 8032) by HKDF-SHA256 (RFC
// 5869). A machine shows a certificate of its own pair, and the others compare its public key with the one that they
// derive for that name. So nobody has to issue, send or renew anything, and clocks that differ by years matter not. Who
// has the key can pretend to be any of the machines: it is to tell them apart, and from everybody else.
package runkey

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Key is a run's secret. It never stands in text: printing it shows nothing of it, and JSON refuses it.
type Key [32]byte

// New draws a key.
func New() (k Key) {
	_, _ = rand.Read(k[:]) // it never fails
	return k
}

// String says what it is, not which.
func (Key) String() string { return "(the run's key)" }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// MarshalText fails, so that no key gets into a file.
func (Key) MarshalText() ([]byte, error) {
	return nil, errors.New("the run's key is not to be written")
}

// ErrStranger is wrapped by the errors of handshakes with somebody who has not the run's key, or is another machine.
var ErrStranger = errors.New("not a machine of this run")

// pair is the machine's pair of keys.
func (k Key) pair(name string) (ed25519.PrivateKey, error) {
	seed, err := hkdf.Key(sha256.New, k[:], nil, "testbed machine "+name, ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("derive the keys of %s: %w", name, err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// TLS is the configuration with which the machine own talks to the machine peer or, where peer is empty, to any that
// proves to have the key (see Peer), as client or as server.
func (k Key) TLS(own, peer string) (*tls.Config, error) {
	pair, err := k.pair(own)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: own},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, pair.Public(), pair)
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", own, err)
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: pair}},
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // no authority signs: verify compares the key itself
		SessionTicketsDisabled: true, DynamicRecordSizingDisabled: true,
		VerifyConnection: func(s tls.ConnectionState) error { return k.verify(s, peer) },
	}, nil
}

// verify fails unless the other side's certificate has the key that belongs to the name in it.
func (k Key) verify(s tls.ConnectionState, peer string) error {
	name := Peer(s)
	if name == "" || peer != "" && name != peer {
		return fmt.Errorf("%.40q: %w", name, ErrStranger)
	}
	want, err := k.pair(name)
	if err != nil {
		return err
	}
	got, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok || !got.Equal(want.Public()) {
		return fmt.Errorf("%.40q has not the run's key: %w", name, ErrStranger)
	}
	return nil
}

// Peer is the name of the machine at the other end of a connection whose handshake is done; empty: it said none.
func Peer(s tls.ConnectionState) string {
	if len(s.PeerCertificates) == 0 {
		return ""
	}
	return s.PeerCertificates[0].Subject.CommonName
}
