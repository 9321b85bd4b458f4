package campaign

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/predict/statesim"
)

// JournalFile holds the replications that are finished while a campaign is not. After a header, each is a
// record with its own checksum, so that one that a crash cut off is known and left out.
const JournalFile = "campaign.journal"

// journal is an open JournalFile.
type journal struct {
	file *os.File
	spec *Spec
	end  int64
	at   map[int]record // of the replications that are finished
	text []byte         // reused
}

// record is where the rows of a replication are.
type record struct {
	offset int64
	bytes  int
}

const (
	recordHeader = 12      // number of the replication, length, checksum: uint32 each
	rowBytes     = 28      // processing, network, traffic: 8 bytes each; length: 4
	maxRecord    = 1 << 28 // bytes of a replication
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func journalHeader(fingerprint string) []byte {
	return []byte("testbed campaign journal 1 " + fingerprint + "\n")
}

// openJournal opens the journal of the campaign with the given fingerprint, and makes a new one unless
// resume is true and there is one that belongs to it.
func openJournal(dir *outdir.Dir, fingerprint string, spec *Spec, resume bool) (*journal, error) {
	file, err := journalIn(dir, resume)
	if err != nil {
		return nil, err
	}
	j := &journal{file: file, spec: spec, at: map[int]record{}}
	if err := j.load(journalHeader(fingerprint)); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", file.Name(), err), file.Close())
	}
	return j, nil
}

// journalIn opens the file: the one that is there where that is wanted, and else a new one in its place.
func journalIn(dir *outdir.Dir, resume bool) (*os.File, error) {
	if resume {
		file, err := dir.OldRecord(JournalFile)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	if err := dir.Remove(JournalFile); err != nil {
		return nil, err
	}
	return dir.NewRecord(JournalFile)
}

// load finds the records of a journal up to the first that is not whole, and cuts the rest off.
func (j *journal) load(header []byte) error {
	found := make([]byte, len(header))
	if n, err := io.ReadFull(j.file, found); err != nil || !bytes.Equal(found, header) {
		if n == len(header) {
			return errors.New("it belongs to another campaign")
		}
		if err := j.file.Truncate(0); err != nil {
			return err
		}
		if _, err := j.file.WriteAt(header, 0); err != nil {
			return err
		}
	}
	j.end = int64(len(header))
	for {
		unit, size, ok := j.checkRecord(j.end)
		if !ok {
			return j.file.Truncate(j.end)
		}
		j.at[unit] = record{j.end + recordHeader, size}
		j.end += recordHeader + int64(size)
	}
}

// checkRecord reads the record at an offset, and says whether all of it is there and sound.
func (j *journal) checkRecord(offset int64) (unit, size int, ok bool) {
	var head [recordHeader]byte
	if _, err := j.file.ReadAt(head[:], offset); err != nil {
		return 0, 0, false
	}
	unit, size = int(binary.LittleEndian.Uint32(head[:])), int(binary.LittleEndian.Uint32(head[4:]))
	info, err := j.file.Stat()
	if err != nil || unit >= j.spec.units() || size > maxRecord || offset+recordHeader+int64(size) > info.Size() {
		return 0, 0, false
	}
	text, err := j.read(record{offset + recordHeader, size})
	return unit, size, err == nil && crc32.Checksum(text, castagnoli) == binary.LittleEndian.Uint32(head[8:])
}

// read reads a record's content, which is valid until the next call.
func (j *journal) read(r record) ([]byte, error) {
	if cap(j.text) < r.bytes {
		j.text = make([]byte, r.bytes)
	}
	_, err := j.file.ReadAt(j.text[:r.bytes], r.offset)
	return j.text[:r.bytes], err
}

// add appends a replication, in one write.
func (j *journal) add(unit int, blocks []Block) error {
	text := append(j.text[:0], make([]byte, recordHeader)...)
	for i := range blocks {
		text = binary.LittleEndian.AppendUint32(text, uint32(len(blocks[i].Rows)))
		for _, r := range blocks[i].Rows {
			text = binary.LittleEndian.AppendUint64(text, math.Float64bits(r.Processing))
			text = binary.LittleEndian.AppendUint64(text, math.Float64bits(r.Network))
			text = binary.LittleEndian.AppendUint64(text, uint64(r.Traffic))
			text = binary.LittleEndian.AppendUint32(text, uint32(r.Length))
		}
	}
	j.text = text
	body := text[recordHeader:]
	binary.LittleEndian.PutUint32(text, uint32(unit))
	binary.LittleEndian.PutUint32(text[4:], uint32(len(body)))
	binary.LittleEndian.PutUint32(text[8:], crc32.Checksum(body, castagnoli))
	if _, err := j.file.WriteAt(text, j.end); err != nil {
		return fmt.Errorf("%s: %w", j.file.Name(), err)
	}
	j.at[unit] = record{j.end + recordHeader, len(body)}
	j.end += int64(len(text))
	return nil
}

// blocks reads a finished replication.
func (j *journal) blocks(unit int) ([]Block, error) {
	text, err := j.read(j.at[unit])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", j.file.Name(), err)
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
