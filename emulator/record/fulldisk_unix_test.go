//go:build unix

package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testbed/emulator/internal/testenv"
	"testing"
	"time"
)

// What did not reach the file is no sample that was written.
func TestCountsAreOfWhatWasFlushed(t *testing.T) {
	d, err := MakeDirectory(t.TempDir(), RunName("x", time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	d.mu.Lock()
	d.lines.Reset(full)
	d.mu.Unlock()
	for i := range 50 {
		_ = d.Write(Chain{Index: i, Time: time.Now(), Tags: Tags{Model: "m"}}, nil)
	}
	if err := d.Observe([]Link{{Link: "l", Time: time.Now()}}, nil); err != nil {
		t.Error(err)
	}
	err = d.Flush()
	if c := d.Counts(); err == nil || c != (Counts{Dropped: 50, Unobserved: 1}) {
		t.Errorf("%v, and the counts are %+v", err, c)
	}
	if err := d.Close(); err == nil {
		t.Error("a failure to write is forgotten")
	}
	checkPrefix(t, d, 0)
}

// limited is a disk with room for so many bytes.
type limited struct {
	file
	room int
}

func (l *limited) Write(text []byte) (int, error) {
	n, err := l.file.Write(text[:min(len(text), l.room)])
	l.room -= n
	if err == nil && n < len(text) {
		err = errors.New("no space left")
	}
	return n, err
}

// checkPrefix holds that both files are whole, and have the first n chains of two steps each.
func checkPrefix(t *testing.T, d *Directory, n int) {
	t.Helper()
	chains, steps, err := readSamples(filepath.Join(d.Path(), SamplesFile))
	if err != nil || len(chains) != n {
		t.Errorf("samples.lp has %d chains and %d steps, %v; want %d chains", len(chains), len(steps), err, n)
	}
	for i := range chains {
		if chains[i].Index != i {
			t.Fatalf("chain %d is number %d", i, chains[i].Index)
		}
	}
	rows, err := readChains(filepath.Join(d.Path(), ChainsFile))
	if err != nil || len(rows) > n {
		t.Errorf("chains.csv has %d rows, %v; want no more than the %d chains", len(rows), err, n)
	}
}

// Wherever the disk becomes full, the counts are those of the file, and the files end with whole lines.
func TestDiskFullAtAnyByte(t *testing.T) {
	for _, which := range []string{SamplesFile, ChainsFile} {
		for room := 0; room < 6000; room += 97 {
			d, err := MakeDirectory(t.TempDir(), RunName("x", time.Now()))
			if err != nil {
				t.Fatal(err)
			}
			d.mu.Lock()
			if which == SamplesFile {
				d.samples = &limited{d.samples, room}
				d.lines.Reset(d.samples)
			} else {
				d.chains = &limited{d.chains, room}
			}
			d.mu.Unlock()
			failed := false
			for i := range 10 {
				c, s := sample(i)
				failed = d.Write(c, s) != nil || failed
				if i%3 == 2 {
					failed = d.Flush() != nil || failed
				}
			}
			failed = d.Close() != nil || failed
			c := d.Counts()
			if c.Written+c.Dropped != 30 || c.Written%3 != 0 || !failed && c.Dropped > 0 {
				t.Fatalf("%s, room for %d bytes: failed %v, %+v", which, room, failed, c)
			}
			checkPrefix(t, d, int(c.Written/3))
		}
	}
}

// The final manifest needs no room on the disk, and says what was lost.
func TestFinalManifestOnAFullDisk(t *testing.T) {
	if !testenv.Alone(t) {
		return
	}
	for _, queues := range []int{0, 500} { // the latter takes more than was reserved
		d, _, _ := written(t, 2)
		if err := d.Reserve(4 << 10); err != nil {
			t.Fatal(err)
		}
		m := &Manifest{
			Run:      d.Run(),
			Exit:     Failed,
			Scenario: []byte(`{}`),
			Start:    time.Now().UTC(),
			Queues:   manyQueues(queues),
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		m.Samples = d.Counts()
		release := testenv.FileLimit(t, 4<<10)
		err := d.Conclude(m)
		release()
		got, verified := Verify(d.Path())
		if verified != nil || got == nil {
			t.Fatalf("%d queues: %v", queues, verified)
		}
		if queues == 0 && (err != nil || got.Omitted != nil) {
			t.Errorf("%v, omitted %v", err, got.Omitted)
		}
		if queues > 0 && (err == nil || fmt.Sprint(got.Omitted) != "[queues]") {
			t.Errorf("%v, omitted %v", err, got.Omitted)
		}
		if got.Exit != Failed || got.Samples.Written != 6 {
			t.Errorf("%+v", got)
		}
		checkNoTemporary(t, d.Path())
	}
}

func checkNoTemporary(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s is left", e.Name())
		}
	}
}
