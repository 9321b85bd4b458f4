package campaign

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"testbed/emulator/internal/journal"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/predict/statesim"
)

// JournalFile holds the replications that are finished while a campaign is not, a record each.
const JournalFile = "campaign.journal"

// records is an open JournalFile.
type records struct {
	file *journal.File
	spec *Spec
	at   map[int]journal.Record // of the replications that are finished
}

const rowBytes = 28 // processing, network, traffic: 8 bytes each; length: 4

func journalHeader(fingerprint string) []byte {
	return []byte("testbed campaign journal 1 " + fingerprint + "\n")
}

// openJournal opens the journal of the campaign with the given fingerprint, and makes a new one unless
// resume is true and there is one that belongs to it.
func openJournal(dir *outdir.Dir, fingerprint string, spec *Spec, resume bool) (*records, error) {
	file, found, err := journal.Open(dir, JournalFile, journalHeader(fingerprint), resume,
		func(unit uint32) bool { return int(unit) < spec.units() })
	if errors.Is(err, journal.ErrForeign) {
		err = fmt.Errorf("%w campaign", err)
	}
	if err != nil {
		return nil, err
	}
	j := &records{file: file, spec: spec, at: map[int]journal.Record{}}
	for _, r := range found {
		j.at[int(r.Tag)] = r
	}
	return j, nil
}

// add appends a replication.
func (j *records) add(unit int, blocks []Block) error {
	r, err := j.file.Append(uint32(unit), func(text []byte) []byte {
		for i := range blocks {
			text = binary.LittleEndian.AppendUint32(text, uint32(len(blocks[i].Rows)))
			for _, r := range blocks[i].Rows {
				text = binary.LittleEndian.AppendUint64(text, math.Float64bits(r.Processing))
				text = binary.LittleEndian.AppendUint64(text, math.Float64bits(r.Network))
				text = binary.LittleEndian.AppendUint64(text, uint64(r.Traffic))
				text = binary.LittleEndian.AppendUint32(text, uint32(r.Length))
			}
		}
		return text
	})
	if err == nil {
		j.at[unit] = r
	}
	return err
}

// blocks reads a finished replication.
func (j *records) blocks(unit int) ([]Block, error) {
	text, err := j.file.Read(j.at[unit])
	if err != nil {
		return nil, err
	}
	blocks := j.spec.blocks(unit)
	for i := range blocks {
		if len(text) < 4 {
			return nil, fmt.Errorf("%s: replication %d is cut off", j.file.Name(), unit)
		}
		n := int(binary.LittleEndian.Uint32(text))
		if text = text[4:]; n > len(text)/rowBytes {
			return nil, fmt.Errorf("%s: replication %d is cut off", j.file.Name(), unit)
		}
		blocks[i].Rows = make([]statesim.Row, n)
		for k := range blocks[i].Rows {
			blocks[i].Rows[k] = statesim.Row{
				Processing: math.Float64frombits(binary.LittleEndian.Uint64(text)),
				Network:    math.Float64frombits(binary.LittleEndian.Uint64(text[8:])),
				Traffic:    int64(binary.LittleEndian.Uint64(text[16:])),
				Length:     int(binary.LittleEndian.Uint32(text[24:])),
			}
			if err := checkRow(&blocks[i].Rows[k]); err != nil {
				return nil, fmt.Errorf("%s: replication %d: %w", j.file.Name(), unit, err)
			}
			text = text[rowBytes:]
		}
	}
	return blocks, nil
}

// blocks are a replication's simulations, in order, without rows.
func (s *Spec) blocks(unit int) []Block {
	jobs, seed := s.unit(unit)
	blocks := make([]Block, 0, len(s.Policies)*len(s.Models))
	for _, p := range s.Policies {
		for _, m := range s.Models {
			blocks = append(blocks, Block{Jobs: jobs, Seed: seed, Policy: p, Model: m})
		}
	}
	return blocks
}
