package orchestrator

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/statefile"
)

// Files in a testbed's directory. Each is replaced whole: a reader sees the old one or the new one.
const (
	networkFile  = "network"  // the network below all events, with its history: a snapshot
	stagedFile   = "network~" // the one that a change is about to make
	scenarioFile = "scenario.yaml"
	originFile   = "origin"      // the network as the scenario says, with which `link reset` compares
	overlayFile  = "events.json" // what a run's events lay over the network at the moment
)

// maxChanges is how many changes a snapshot remembers.
const maxChanges = 1000

// maxHeader bounds the first line of a snapshot, in bytes.
const maxHeader = 4 << 20

// Change is one change of a testbed's network that somebody made while it was up.
type Change struct {
	Revision uint64    `json:"revision"` // of the network that it made
	Time     time.Time `json:"time"`
	Origin   string    `json:"origin"` // who: a command line, and its process
	What     []string  `json:"what,omitempty"`
	Load     Load      `json:"load,omitempty"` // what was done beside the network; empty: it was changed
}

// Load is what somebody else puts on a testbed that a run measures.
type Load string

// The loads.
const (
	Traffic Load = "traffic" // packets of its own
	Program Load = "program" // in a node
	Capture Load = "capture" // packets were copied
)

// history is the first line of a snapshot's file.
type history struct {
	Schema   int      `json:"schema"`
	Revision uint64   `json:"revision"`
	Changes  []Change `json:"changes,omitempty"` // the latest, oldest first
}

// snapshot is a testbed's network as everybody but a run's events wants it.
type snapshot struct {
	history
	network fabric.Network
}

// next is the snapshot that a change makes of s.
func (s snapshot) next(n fabric.Network, c Change) snapshot {
	h := history{Schema: journalSchema, Revision: s.Revision + 1}
	c.Revision = h.Revision
	h.Changes = append(append(h.Changes, s.Changes[max(0, len(s.Changes)-maxChanges+1):]...), c)
	return snapshot{h, n}
}

// writeSnapshot stores a snapshot under one of the names above.
func (s Store) writeSnapshot(name string, next snapshot) error {
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(next.history); err != nil {
		return err
	}
	if err := next.network.Encode(&text); err != nil {
		return err
	}
	return statefile.Replace(filepath.Join(s.Dir(next.network.Testbed), name), text.Bytes(), private)
}

// readSnapshot reads what writeSnapshot wrote. It fails with ErrNotRunning where there is none.
func (s Store) readSnapshot(testbed, name string) (found snapshot, err error) {
	err = s.readHistory(testbed, name, &found.history, func(rest io.Reader) (err error) {
		found.network, err = fabric.Decode(rest)
		return err
	})
	return found, err
}

// readHistory reads the first line of a snapshot, and gives the rest to then, which may be nil.
func (s Store) readHistory(testbed, name string, to *history, then func(io.Reader) error) error {
	path := filepath.Join(s.Dir(testbed), name)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("testbed %s: %w", testbed, ErrNotRunning)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReader(file)
	line, err := readLine(in, maxHeader)
	if err == nil {
		err = json.Unmarshal(line, to)
	}
	if err == nil && to.Schema != journalSchema {
		err = fmt.Errorf("schema %d; this program knows %d", to.Schema, journalSchema)
	}
	if err == nil && then != nil {
		err = then(in)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %w", path, ErrJournal, err)
	}
	return nil
}

// readLine reads one line of at most limit bytes.
func readLine(in *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > limit:
			return nil, errors.New("its first line is too long")
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			return line, err
		}
	}
}
