package orchestrator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/statefile"
)

// maxOverlay bounds the file of an overlay, in bytes: that of all queues of the largest network is a tenth of it.
const maxOverlay = 64 << 20

// overlayPath is where what a run's events lay over a testbed's network is kept, so that whoever changes the
// network meanwhile leaves it in force.
func (s Store) overlayPath(testbed string) string { return filepath.Join(s.Dir(testbed), overlayFile) }

// writeOverlay stores an overlay; one that changes nothing leaves no file.
func (s Store) writeOverlay(testbed string, o fabric.Overlay) error {
	path := s.overlayPath(testbed)
	if o.IsZero() {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return statefile.Replace(path, text, private)
}

// readOverlay is the overlay in force; the zero one where there is none.
func (s Store) readOverlay(testbed string) (o fabric.Overlay, err error) {
	path := s.overlayPath(testbed)
	text, err := readBounded(path, maxOverlay)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil {
		return o, fmt.Errorf("%s: %w: %w", path, ErrJournal, err)
	}
	return o, nil
}
