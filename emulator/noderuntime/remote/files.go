package remote

import (
	"fmt"
	"path/filepath"

	"testbed/emulator/internal/statefile"
	"testbed/emulator/noderuntime"
)

// mostFile bounds a file that a node finds in its directory, in bytes: such as a password.
const mostFile = 64 << 10

// writeFiles puts a node's files into its directory, which is within the agent's.
func writeFiles(s noderuntime.Spec) error {
	for name, content := range s.Files {
		if name != filepath.Base(name) || !filepath.IsLocal(name) || name == "." || len(content) > mostFile {
			return fmt.Errorf("%w: a file %.50q of %d bytes in the directory of node %s: want a name, and %d bytes at most",
				noderuntime.ErrSpec, name, len(content), s.Node, mostFile)
		}
		if err := statefile.Replace(filepath.Join(s.Dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
