package orchestrator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// Phase is how far a testbed has come.
type Phase string

// The phases of a testbed. A journal in any phase but Running means that whoever wrote it is still at
// work or has died.
const (
	Starting Phase = "starting"
	Running  Phase = "running"
	Stopping Phase = "stopping"
)

// Journal is what is written before the kernel or an engine is touched, so that whatever happens
// afterwards can be undone by another process.
type Journal struct {
	Testbed    string        `json:"testbed"`
	Phase      Phase         `json:"phase"`
	Runtime    string        `json:"runtime"`
	Engine     string        `json:"engine,omitempty"` // that has the nodes, where the runtime uses one
	Fabric     string        `json:"fabric"`
	Scenario   string        `json:"scenario"` // the scenario's name
	File       string        `json:"file"`     // the scenario's file, absolute
	Created    time.Time     `json:"created"`
	Took       time.Duration `json:"took_ns"`    // of `up`
	Controller int           `json:"controller"` // process that wrote it
	Version    string        `json:"version"`
	Nodes      []NodeRecord  `json:"nodes"`
}

// NodeRecord is one node of a testbed.
type NodeRecord struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Class string `json:"class"`
	Addr  string `json:"addr"`
	PID   int    `json:"pid,omitempty"`
	NetNS string `json:"netns,omitempty"`
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

// CheckName fails unless name can name a testbed: 1 to 31 of a-z, 0-9 and -, not beginning with -.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("%q cannot name a testbed: use 1 to 31 of a-z, 0-9 and -, beginning with a letter or digit", name)
	}
	return nil
}

// Store is the directory that holds a directory for each testbed.
type Store string

// DefaultStore is cleared by a reboot, as testbeds are.
const DefaultStore Store = "/run/tb-testbed"

// Dir is the directory of one testbed.
func (s Store) Dir(testbed string) string { return filepath.Join(string(s), testbed) }

// Write stores a journal durably: a reader sees the old one or the new one.
func (s Store) Write(j *Journal) error {
	dir := s.Dir(j.Testbed)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	temporary := filepath.Join(dir, ".journal.json")
	if err := os.WriteFile(temporary, data, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(dir, "journal.json"))
}

// Read loads a testbed's journal. It fails with fs.ErrNotExist where there is no such testbed.
func (s Store) Read(testbed string) (*Journal, error) {
	data, err := os.ReadFile(filepath.Join(s.Dir(testbed), "journal.json"))
	if err != nil {
		return nil, err
	}
	j := &Journal{}
	if err := json.Unmarshal(data, j); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(s.Dir(testbed), "journal.json"), err)
	}
	return j, nil
}

// Names lists the testbeds that have a directory, sorted.
func (s Store) Names() ([]string, error) {
	entries, err := os.ReadDir(string(s))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && CheckName(e.Name()) == nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Remove deletes a testbed's directory, and the store itself once it is empty.
func (s Store) Remove(testbed string) error {
	if err := os.RemoveAll(s.Dir(testbed)); err != nil {
		return err
	}
	_ = os.Remove(string(s)) // fails, as it should, while other testbeds are in it
	return nil
}
