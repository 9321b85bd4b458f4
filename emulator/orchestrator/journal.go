package orchestrator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"testbed/emulator/internal/statefile"
	"testbed/emulator/noderuntime"
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

// journalSchema is the version of the journal that this program writes, and the only one that it understands.
// Version 1, which had no number, did not know when a node had started; version 2 not how it was configured.
const journalSchema = 3

// spreadSchema is the version of the journal of a testbed on several machines, which says more.
const spreadSchema = 4

// maxJournal bounds a journal's size: that of 65,000 nodes is a quarter of it.
const maxJournal = 64 << 20

// ErrJournal is wrapped by errors about a journal that is there and cannot be understood.
var ErrJournal = errors.New("the testbed's record cannot be understood")

// Journal is what is written before the kernel or an engine is touched, so that whatever happens
// afterwards can be undone by another process.
type Journal struct {
	Schema     int           `json:"schema"`
	Testbed    string        `json:"testbed"`
	Phase      Phase         `json:"phase"`
	Runtime    string        `json:"runtime"`
	Engine     string        `json:"engine,omitempty"`    // address of the engine that has the nodes, where there is one
	EngineID   string        `json:"engine_id,omitempty"` // by which that engine knows itself
	Fabric     string        `json:"fabric"`
	Scenario   string        `json:"scenario"` // the scenario's name
	File       string        `json:"file"`     // the scenario's file, absolute
	Created    time.Time     `json:"created"`
	Took       time.Duration `json:"took_ns"`    // of `up`
	Controller int           `json:"controller"` // process that wrote it
	Version    string        `json:"version"`
	Run        string        `json:"run"`              // this bringing up of the testbed
	Spread     *Spread       `json:"spread,omitempty"` // over several machines
	IPv6       bool          `json:"ipv6,omitempty"`   // functions are called over IPv6
	Nodes      []NodeRecord  `json:"nodes"`

	Secret noderuntime.Secret `json:"-"` // kept beside the rest in the file, and printed nowhere
}

// journalFile is what the file of a journal holds.
type journalFile struct {
	Journal
	Secret noderuntime.Secret `json:"secret,omitzero"`
}

// NodeRecord is one node of a testbed.
type NodeRecord struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Class     string `json:"class"`
	Addr      string `json:"addr"`
	Addr6     string `json:"addr6,omitempty"`
	PID       int    `json:"pid,omitempty"`
	Start     uint64 `json:"start,omitempty"` // of that process, in clock ticks after boot
	NetNS     string `json:"netns,omitempty"`
	Inode     uint64 `json:"netns_inode,omitempty"`
	Container string `json:"container,omitempty"`
	Config    string `json:"config,omitempty"`  // digest of what it was started with
	Machine   string `json:"machine,omitempty"` // ID of the machine that it is on; empty: this one
}

// nodes are the nodes that the journal knows to have been started.
func (j *Journal) nodes() []noderuntime.Node {
	var all []noderuntime.Node
	for _, n := range j.Nodes {
		if n.PID != 0 || n.Container != "" {
			all = append(all, n.node(j.Testbed))
		}
	}
	return all
}

func (n NodeRecord) node(testbed string) noderuntime.Node {
	return noderuntime.Node{
		Testbed: testbed, Node: n.Name, PID: n.PID, Start: n.Start,
		NetNS: n.NetNS, Inode: n.Inode, Container: n.Container, Machine: n.Machine,
	}
}

// journalPath is where a testbed's journal is.
func (s Store) journalPath(testbed string) string {
	return filepath.Join(s.Dir(testbed), "journal.json")
}

// Write stores a journal durably: a reader sees the old one or the new one.
func (s Store) Write(j *Journal) error {
	if err := CheckName(j.Testbed); err != nil {
		return err
	}
	if err := s.makeDir(j.Testbed); err != nil {
		return err
	}
	j.Schema = journalSchema
	if j.Spread != nil {
		j.Schema = spreadSchema
	}
	data, err := json.MarshalIndent(journalFile{*j, j.Secret}, "", "  ")
	if err != nil {
		return err
	}
	return statefile.Replace(s.journalPath(j.Testbed), data, private)
}

// Read loads a testbed's journal. It fails with fs.ErrNotExist where there is no such testbed, and with
// ErrJournal where the file is not what this program writes.
func (s Store) Read(testbed string) (*Journal, error) {
	if err := CheckName(testbed); err != nil {
		return nil, err
	}
	path := s.journalPath(testbed)
	data, err := readBounded(path, maxJournal)
	if err != nil {
		return nil, err
	}
	j, err := parseJournal(data, testbed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrJournal, err)
	}
	return j, nil
}

// parseJournal reads the journal of the testbed of that name.
func parseJournal(data []byte, testbed string) (*Journal, error) {
	// The number first: what a later version has, this one need not know.
	var head *struct {
		Schema  int    `json:"schema"`
		Version string `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, err
	}
	switch {
	case head == nil:
		return nil, errors.New("it is empty")
	case head.Schema > spreadSchema:
		return nil, fmt.Errorf("testbed %s, a later one, wrote it (schema %d; this program knows %d)",
			head.Version, head.Schema, spreadSchema)
	case head.Schema < journalSchema:
		return nil, fmt.Errorf("an earlier testbed wrote it (schema %d; this program knows %d)", head.Schema, journalSchema)
	}
	var file journalFile
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows it")
	}
	j := &file.Journal
	j.Secret = file.Secret
	return j, j.check(testbed)
}

// check makes sure that names and phase are such as this program writes.
func (j *Journal) check(testbed string) error {
	if j.Testbed != testbed {
		return fmt.Errorf("it is that of testbed %q", j.Testbed)
	}
	switch j.Phase {
	case Starting, Running, Stopping:
	default:
		return fmt.Errorf("its phase is %q", j.Phase)
	}
	for _, n := range j.Nodes {
		if err := noderuntime.CheckNames(j.Testbed, n.Name); err != nil {
			return err
		}
	}
	if (j.Spread != nil) != (j.Schema == spreadSchema) {
		return fmt.Errorf("its schema is %d", j.Schema)
	}
	return j.Spread.check(j.Nodes)
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%s: %w: want a regular file of at most %d bytes", path, ErrJournal, limit)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit))
}
