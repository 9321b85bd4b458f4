package noderuntime

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// secretBytes is the length of a secret.
const secretBytes = 32

// Secret is what a testbed proves by what it made: whoever does not know it cannot make its signatures. It
// is readable by root alone, and never leaves this program but by signatures. Its text form is for the journal.
type Secret [secretBytes]byte

// ErrSecret is wrapped by errors about a text that is no secret.
var ErrSecret = errors.New("not a secret")

// NewSecret draws a secret.
func NewSecret() Secret {
	var s Secret
	_, _ = rand.Read(s[:]) // it never fails: see crypto/rand
	return s
}

// Derive makes a secret for one purpose, from which this one cannot be computed.
func (s Secret) Derive(purpose ...string) Secret { return Secret(s.mac("secret", purpose)) }

// Sign is the signature of some words, in hexadecimal, 64 digits. Words are kept apart: ("a", "bc") has
// another one than ("ab", "c").
func (s Secret) Sign(words ...string) string { return hex.EncodeToString(s.mac("signature", words)) }

// Verify tells whether a signature is that of the words. The zero secret verifies nothing.
func (s Secret) Verify(signature string, words ...string) bool {
	given, err := hex.DecodeString(signature)
	return err == nil && !s.IsZero() && hmac.Equal(given, s.mac("signature", words))
}

func (s Secret) mac(kind string, words []string) []byte {
	h := hmac.New(sha256.New, s[:])
	_, _ = fmt.Fprintf(h, "testbed %s %d", kind, len(words))
	for _, w := range words {
		_, _ = fmt.Fprintf(h, "\x00%d\x00%s", len(w), w)
	}
	return h.Sum(nil)
}

// IsZero tells whether this is no secret at all.
func (s Secret) IsZero() bool { return s == Secret{} }

// String hides the secret from messages and logs.
func (s Secret) String() string { return "(secret)" }

// GoString hides the secret as String does.
func (s Secret) GoString() string { return s.String() }

// MarshalText writes the secret for the journal.
func (s Secret) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, s[:]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *Secret) UnmarshalText(text []byte) error {
	data, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || len(data) != secretBytes {
		return fmt.Errorf("%w: want %d bytes in base64", ErrSecret, secretBytes)
	}
	copy(s[:], data)
	return nil
}
