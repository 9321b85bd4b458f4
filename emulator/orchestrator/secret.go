package orchestrator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"testbed/emulator/internal/statefile"
	"testbed/emulator/noderuntime"
)

// DefaultKey is where the host's key is. Unlike the store it outlives a reboot, as containers do.
const DefaultKey = "/var/lib/tb-testbed/key"

// newSecret is the secret of a testbed that is to be brought up: derived from the host's key, so that what bears
// its signature can be proved to be the testbed's even where the journal is lost; a random one where the
// host can keep no key.
func (h *Host) newSecret(testbed, run string) noderuntime.Secret {
	key, err := readKey(h.Key)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(h.Key)
	}
	if err != nil {
		return noderuntime.NewSecret()
	}
	return key.Derive("testbed", testbed, run)
}

// Secrets are those by which a bringing up of a testbed may have signed what it made: the journal's, and the
// one that the host's key gives.
func (h *Host) Secrets(testbed, run string) []noderuntime.Secret {
	var secrets []noderuntime.Secret
	if j, err := h.Store.Read(testbed); err == nil && j.Run == run && !j.Secret.IsZero() {
		secrets = append(secrets, j.Secret)
	}
	if key, err := readKey(h.Key); err == nil {
		secrets = append(secrets, key.Derive("testbed", testbed, run))
	}
	return secrets
}

// ImageSecret is what node images of this host are signed with; zero where there is no key.
func (h *Host) ImageSecret() noderuntime.Secret {
	key, err := readKey(h.Key)
	if err != nil {
		return noderuntime.Secret{}
	}
	return key.Derive("images")
}

// readKey reads the host's key. A file that others than its owner may read, or that is another user's, is no key.
func readKey(path string) (key noderuntime.Secret, err error) {
	if path == "" {
		return key, fs.ErrNotExist
	}
	info, err := os.Lstat(path)
	if err != nil {
		return key, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 || !statefile.Owned(info) {
		return key, fmt.Errorf("%s: %w: want a regular file of root's with mode 0600", path, noderuntime.ErrSecret)
	}
	text, err := readBounded(path, 256)
	if err != nil {
		return key, err
	}
	return key, key.UnmarshalText(text)
}

// makeKey draws the host's key. Of two processes that do so at once both get the same.
func makeKey(path string) (key noderuntime.Secret, err error) {
	if path == "" {
		return key, fs.ErrNotExist
	}
	if err := statefile.Dir(filepath.Dir(path)); err != nil {
		return key, err
	}
	text, err := noderuntime.NewSecret().MarshalText()
	if err != nil {
		return key, err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".key-*") // of mode 0600
	if err != nil {
		return key, err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return key, err
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return key, err
	}
	return readKey(path)
}
