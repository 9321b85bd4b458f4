// Package capacity is what a host was measured to carry, what a scenario is going to ask of it, and what follows where
// that is too much.
package capacity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"time"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/internal/statefile"
)

// File is the name of the file that keeps what was measured. It is root's alone.
const File = "capacity.json"

// Measured is what one host was measured to do.
type Measured struct {
	Time       time.Time `json:"time"`
	Kernel     string    `json:"kernel"`
	CPU        string    `json:"cpu"`
	Processors int       `json:"processors"`
	Version    string    `json:"version"` // of the program
	Runtime    string    `json:"runtime"`
	Starts     float64   `json:"starts_per_s"` // nodes of that runtime, brought up with their network
	Fabrics    []Fabric  `json:"fabrics"`
}

// Fabric is what one fabric was measured to do.
type Fabric struct {
	Name string `json:"name"`
	// Short and Long are the most packets/s, of one size, that were carried over so many links in a row.
	Short Path `json:"short"`
	Long  Path `json:"long"`
	// LateP99 is by how much, in s, the latest 1 % of packets were late at LateAt packets/s; nil: the fabric does not tell.
	LateP99 *float64 `json:"late_p99_s,omitempty"`
	LateAt  float64  `json:"late_at_packets_per_s"`
}

// Path is a number of links in a row, and what was carried over them.
type Path struct {
	Links   int     `json:"links"`
	Packets float64 `json:"packets_per_s"`
}

// Same says whether what was measured holds for a host of that kernel, processor and number of processors.
func (m *Measured) Same(kernel, cpu string, processors int) bool {
	return m.Kernel == kernel && m.CPU == cpu && m.Processors == processors
}

// fabric finds what was measured of a fabric.
func (m *Measured) fabric(name string) (*Fabric, bool) {
	for i := range m.Fabrics {
		if m.Fabrics[i].Name == name {
			return &m.Fabrics[i], true
		}
	}
	return nil, false
}

// load is the share of what the fabric can carry that a rate takes. Each link of a packet's way costs the same, and its
// reading and writing as much as is left over.
func (f *Fabric) load(r Rate) float64 {
	short, long := 1/f.Short.Packets, 1/f.Long.Packets
	link := max(0, (long-short)/float64(f.Long.Links-f.Short.Links))
	ends := max(0, short-link*float64(f.Short.Links))
	return ends*r.Packets + link*r.Crossings
}

// check fails where the numbers cannot have been measured.
func (m *Measured) check() error {
	positive := func(values ...float64) bool {
		for _, v := range values {
			if !(v > 0 && v < math.Inf(1)) {
				return false
			}
		}
		return true
	}
	for i := range m.Fabrics {
		f := &m.Fabrics[i]
		if !positive(f.Short.Packets, f.Long.Packets, f.LateAt) || f.Short.Links < 1 || f.Long.Links <= f.Short.Links {
			return fmt.Errorf("fabric %.50q carries %g and %g packets/s over %d and %d links", f.Name, f.Short.Packets,
				f.Long.Packets, f.Short.Links, f.Long.Links)
		}
	}
	if !positive(m.Starts) {
		return fmt.Errorf("%g nodes start in a second", m.Starts)
	}
	return nil
}

// limits bound what is read.
var limits = readfile.Limits{Bytes: 64 << 10, Values: 1000}

// Read reads what was measured from a directory. It is nil where nothing was.
func Read(dir string) (*Measured, error) {
	path := filepath.Join(dir, File)
	var m Measured
	err := readfile.JSON(path, limits, &m)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w; `testbed doctor --measure` makes it again", path, err)
	}
	return &m, nil
}

// Write keeps what was measured in a directory, in place of what was before.
func (m *Measured) Write(dir string) error {
	if err := m.check(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := statefile.Dir(dir); err != nil {
		return err
	}
	return statefile.Replace(filepath.Join(dir, File), append(text, '\n'), 0o600)
}
