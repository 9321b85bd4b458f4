package orchestrator

import (
	"path/filepath"

	"testbed/emulator/internal/statefile"
	"testbed/emulator/noderuntime"
)

// PasswordFile is a file in a node's directory with a password that the testbed's nodes share, in one line.
const PasswordFile = "password"

// givePassword puts the password into nodes' directories, where root alone reads it. It is derived from the secret of
// the bringing up, so that nodes that are added later have the same.
func (b *Bed) givePassword(specs []noderuntime.Spec) error {
	password := []byte(b.Journal.Secret.Sign("repository") + "\n")
	for i := range specs {
		s := &specs[i]
		s.Files = map[string][]byte{PasswordFile: password}
		if err := statefile.Replace(filepath.Join(s.Dir, PasswordFile), password, private); err != nil {
			return err
		}
	}
	return nil
}
