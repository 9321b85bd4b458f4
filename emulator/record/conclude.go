package record

import (
	"encoding/json"
	"errors"
	"fmt"

	"testbed/emulator/internal/outdir"
)

// Reserve takes room on the disk for a final manifest of so many bytes, so that a disk that is full at the run's end
// does not keep the run from saying so.
func (d *Directory) Reserve(bytes int64) (err error) {
	if d.reserved != nil {
		return nil
	}
	d.reserved, err = d.dir.Reserve(ManifestFile, bytes)
	return err
}

// Conclude seals the directory and writes the run's final manifest, for which it uses the room reserved where there
// is no other. What does not fit into that either is left out, and the manifest names it. Call it once, after Close,
// when nothing else will be written.
func (d *Directory) Conclude(m *Manifest) error {
	sealing := m.Seal(d.path)
	err := d.conclude(m)
	return errors.Join(sealing, err, d.dir.Close())
}

func (d *Directory) conclude(m *Manifest) error {
	text, err := m.text()
	if err != nil {
		return errors.Join(err, d.release())
	}
	if d.reserved == nil {
		return m.Write(d.path)
	}
	err = d.reserved.Commit(text)
	if errors.Is(err, outdir.ErrReserve) {
		if err = m.Write(d.path); err == nil {
			return d.release()
		}
		err = d.squeeze(m, err)
	} else if err != nil {
		err = errors.Join(err, m.Write(d.path)) // the room is gone, and there may be other
	}
	d.reserved = nil
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	return nil
}

// squeeze leaves out what takes most of a manifest, one after the other, until the rest fits into the room reserved.
func (d *Directory) squeeze(m *Manifest, because error) error {
	for _, part := range []struct {
		key string
		cut func()
	}{
		{"queues", func() { m.Queues = nil }},
		{"events", func() { m.Events = nil }},
		{"fidelity", func() { m.Fidelity = nil }},
		{"scenario", func() { m.Scenario = nil }},
	} {
		part.cut()
		m.Omitted = append(m.Omitted, part.key)
		if err := m.sealSelf(); err != nil {
			return errors.Join(because, err, d.release())
		}
		text, err := m.text()
		if err == nil {
			err = d.reserved.Commit(text)
		}
		if !errors.Is(err, outdir.ErrReserve) {
			return errors.Join(because, err)
		}
	}
	return errors.Join(because, d.release())
}

func (d *Directory) release() error {
	if d.reserved == nil {
		return nil
	}
	err := d.reserved.Release()
	d.reserved = nil
	return err
}

// text is the manifest as it is written.
func (m *Manifest) text() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return append(text, '\n'), nil
}
