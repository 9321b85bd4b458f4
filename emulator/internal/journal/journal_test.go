package journal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/internal/outdir"
)

var header = []byte("a journal 1\n")

func all(uint32) bool { return true }

// fill makes a record's content of a text.
func fill(text string) func([]byte) []byte {
	return func(b []byte) []byte { return append(b, text...) }
}

// opened opens a journal in a directory, which is closed when the test ends; again: one that may be there.
func opened(t *testing.T, dir string, again bool) (*outdir.Dir, *File) {
	t.Helper()
	d, err := outdir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	f, _, err := Open(d, "j", header, again, all)
	if err != nil {
		t.Fatal(err)
	}
	return d, f
}

// reopen is the journal in a directory as it is found again: its contents by tag.
func reopen(t *testing.T, dir string, valid func(uint32) bool) map[uint32]string {
	t.Helper()
	d, err := outdir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	f, records, err := Open(d, "j", header, true, valid)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found := map[uint32]string{}
	for _, r := range records {
		text, err := f.Read(r)
		if err != nil {
			t.Fatal(err)
		}
		found[r.Tag] = string(text)
	}
	return found
}

// A journal that is cut off anywhere, or damaged, has all records before that place and goes on behind them.
func TestCutAnywhere(t *testing.T) {
	dir := t.TempDir()
	_, f := opened(t, dir, false)
	texts := []string{"first", "2", "the third"}
	for i, text := range texts {
		if _, err := f.Append(uint32(i), fill(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "j")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ends, at := []int{}, len(header)
	for _, text := range texts {
		at += head + len(text)
		ends = append(ends, at)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, end := range ends {
			if end <= cut {
				want++
			}
		}
		found := reopen(t, dir, all)
		for i := range want {
			if found[uint32(i)] != texts[i] {
				t.Errorf("cut at %d: record %d is %q", cut, i, found[uint32(i)])
			}
		}
		if len(found) != want {
			t.Errorf("cut at %d: %d records, want %d", cut, len(found), want)
		}
	}
	damaged := append([]byte(nil), whole...)
	damaged[len(header)+head] ^= 1
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if found := reopen(t, dir, all); len(found) != 0 {
		t.Errorf("a damaged record is taken: %v", found)
	}
}

func TestTagsAndHeadersOfOthers(t *testing.T) {
	dir := t.TempDir()
	d, f := opened(t, dir, true)
	if _, _, err := Open(d, "j", header, true, all); !errors.Is(err, ErrBusy) {
		t.Errorf("opened twice: %v", err)
	}
	for tag := range uint32(3) {
		if _, err := f.Append(tag, fill("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(d, "j", []byte("a journal 2\n"), true, all); !errors.Is(err, ErrForeign) {
		t.Errorf("%v", err)
	}
	torn := filepath.Join(dir, "j")
	text, err := os.ReadFile(torn)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(torn, text[:len(text)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	looking, records, err := Look(d, "j", header, all)
	if err != nil || len(records) != 2 {
		t.Fatalf("%v, %v", records, err)
	}
	if err := looking.Close(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(torn); err != nil || len(after) != len(text)-1 {
		t.Errorf("looking has changed the file: %d bytes, %v", len(after), err)
	}
	if _, _, err := Look(d, "none", header, all); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if found := reopen(t, dir, func(tag uint32) bool { return tag < 2 }); len(found) != 2 {
		t.Errorf("%v", found)
	}
}

// A file that a crash has lengthened by zeros, or that somebody has made long without writing, has no records there:
// a checksum of nothing is zero as well.
func TestZerosAreNoRecords(t *testing.T) {
	dir := t.TempDir()
	d, f := opened(t, dir, false)
	_, err := f.Append(7, fill("x"))
	if err == nil {
		_, err = f.Append(0, fill(""))
	}
	if err == nil {
		t.Error("a record of no bytes is written")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "j"), 1<<40); err != nil {
		t.Skip(err)
	}
	looking, records, err := Look(d, "j", header, all)
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	if err := looking.Close(); err != nil {
		t.Fatal(err)
	}
	if found := reopen(t, dir, all); len(found) != 1 || found[7] != "x" {
		t.Errorf("%v", found)
	}
}
