package orchestrator

import (
	"os"
	"path/filepath"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/statefile"
)

// Beside is another fabric of the testbed's kind, for a network that is no part of the testbed, with the name of its
// testbed, which none can have. Its records are in the testbed's directory, and end with that, or by remove.
func (b *Bed) Beside(what string) (f fabric.Fabric, name string, remove func() error, err error) {
	dir, name := filepath.Join(b.dir(), what), "tb-"+what+"~"+b.Journal.Testbed
	if err := statefile.Dir(dir); err != nil {
		return nil, "", nil, err
	}
	if f, err = b.host.fabricAt(dir, name, b.Journal.Fabric); err != nil {
		return nil, "", nil, err
	}
	return f, name, func() error { return os.RemoveAll(dir) }, nil
}
