package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/bpf"

	"testbed/emulator/capture/capturetest"
	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/units"
)

// played is a source that gives packets, and then waits for the end.
type played struct {
	packets []Packet
	lost    []uint64
	err     error
	done    func()
}

func (s played) Capture(ctx context.Context, _ []bpf.RawInstruction, to Sink) error {
	for _, p := range s.packets {
		if err := to.Packet(p); err != nil {
			return err
		}
		if err := to.Told(p.At, s.lost); err != nil {
			return err
		}
	}
	if s.done != nil {
		s.done()
	}
	if s.err != nil {
		return s.err
	}
	<-ctx.Done()
	return to.Told(time.Now(), s.lost)
}

// both are two sources whose packets alternate in time; the capture ends when both have told all.
func both(t *testing.T, count, size int) (context.Context, []From, time.Time) {
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	begin := time.Unix(1_700_000_000, 123_456_789)
	ready := make(chan bool, 2)
	go func() { <-ready; <-ready; stop() }()
	sources := make([]From, 2)
	for s := range sources {
		var packets []Packet
		for i := range count {
			data := bytes.Repeat([]byte{byte(s), byte(i)}, size/2)
			packets = append(packets, Packet{At: begin.Add(time.Duration(2*i + s)), Data: data, Length: len(data) + s,
				Direction: Direction(s)})
		}
		sources[s] = From{played{packets, []uint64{uint64(s * 7)}, nil, func() { ready <- true }},
			[]Interface{{fmt.Sprintf("if%d", s), fmt.Sprintf("what comes from %d", s)}}}
	}
	return ctx, sources, begin
}

func TestSeveralSourcesInOneOrderInOneFile(t *testing.T) {
	const count = 500
	ctx, sources, begin := both(t, count, 60)
	path := filepath.Join(t.TempDir(), "all.pcapng")
	filter, err := NewFilter("ip or arp", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(ctx, sources, Options{Program: "testbed test", Path: path, Filter: filter, Snap: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Files) != 1 || r.Files[0] != path {
		t.Errorf("files %v", r.Files)
	}
	f := read(t, path)
	if f.Application != "testbed test" || len(f.Packets) != 2*count || len(f.Interfaces) != 2 {
		t.Fatalf("%q, %d packets, %d interfaces", f.Application, len(f.Packets), len(f.Interfaces))
	}
	for i, p := range f.Packets {
		if p.Interface != i%2 || p.At.Sub(begin) != time.Duration(i) || len(p.Data) != 10 || p.Length != 60+i%2 ||
			p.Flags != uint32(i%2) || p.Data[1] != byte(i/2) {
			t.Fatalf("packet %d: %+v", i, p)
		}
	}
	for s, i := range f.Interfaces {
		lost := uint64(7 * s)
		if i.Name != fmt.Sprintf("if%d", s) || i.Description != fmt.Sprintf("what comes from %d", s) || i.Snap != 10 ||
			i.Filter != "ip or arp" || !i.Ended || i.Dropped != lost || i.Received != count+lost {
			t.Errorf("interface %d: %+v", s, i)
		}
		if r.Counts[s] != (Count{count, lost}) {
			t.Errorf("counts %v", r.Counts)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 { // packets have in them what nodes say to one another, passwords too
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestRingKeepsTheNewestFiles(t *testing.T) {
	ctx, sources, begin := both(t, 1000, 1000)
	dir := t.TempDir()
	other := filepath.Join(dir, "r.99999.pcapng")
	if err := os.WriteFile(other, []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	ring := Ring{Files: 3, Size: 100 * units.KB}
	r, err := Run(ctx, sources, Options{Program: "p", Path: filepath.Join(dir, "r.pcapng"), Ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	there, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(r.Files) != 3 || len(there) != 4 || slices.Index(there, other) != 3 || !slices.Equal(there[:3], r.Files) {
		t.Fatalf("%v of %v", r.Files, there)
	}
	var last []capturetest.Packet
	for i, name := range r.Files {
		if want := fmt.Sprintf("r.%05d.pcapng", 19+i); filepath.Base(name) != want { // 97 of 1,038 bytes each
			t.Errorf("file %s, want %s", name, want)
		}
		f := read(t, name)
		info, _ := os.Stat(name)
		if size := units.ByteSize(info.Size()); i < 2 && (size < ring.Size || size > ring.Size+2*units.KB) {
			t.Errorf("%s has %v", name, size)
		}
		if len(f.Interfaces) != 2 || !f.Interfaces[0].Ended {
			t.Errorf("%s is not complete", name)
		}
		last = append(last, f.Packets...)
	}
	for i, p := range last { // without a gap up to the last one
		if want := 2000 - len(last) + i; p.At.Sub(begin) != time.Duration(want) {
			t.Fatalf("packet %d is of %v", want, p.At.Sub(begin))
		}
	}
}

func TestTheTimeRunsFromWhenAllIsOpen(t *testing.T) {
	_, sources, _ := both(t, 5, 60) // which would wait for ever
	var out bytes.Buffer
	ready := 0
	o := Options{Program: "p", Stream: &out, For: time.Millisecond, Ready: func() { ready++ }}
	r, err := Run(t.Context(), sources, o)
	if err != nil || ready != 1 || r.Counts[0].Written != 5 || r.Counts[1].Written != 5 {
		t.Errorf("%+v, %v, ready %d times", r, err, ready)
	}
}

func TestStreamsAndErrors(t *testing.T) {
	ctx, sources, _ := both(t, 10, 60)
	var out bytes.Buffer
	if _, err := Run(ctx, sources, Options{Program: "p", Stream: &out}); err != nil {
		t.Fatal(err)
	}
	if f, err := capturetest.Read(out.Bytes()); err != nil || len(f.Packets) != 20 {
		t.Errorf("%v, %v", f, err)
	}

	gone := errors.New("gone")
	_, sources, _ = both(t, 10, 60)
	s := sources[0].Source.(played)
	s.err = gone
	sources[0].Source = s
	path := filepath.Join(t.TempDir(), "f.pcapng")
	r, err := Run(t.Context(), sources, Options{Program: "p", Path: path})
	if !errors.Is(err, gone) || r == nil {
		t.Errorf("%v", err)
	}
	if f := read(t, path); len(f.Packets) != 20 { // what there was is kept
		t.Errorf("%d packets", len(f.Packets))
	}

	ctx, sources, _ = both(t, 10, 60)
	if _, err := Run(ctx, sources, Options{Program: "p", Stream: broken{}}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a reader that is gone: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link.pcapng")
	if err := os.Symlink("/etc/passwd", link); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), sources, Options{Program: "p", Path: link}); err == nil {
		t.Error("a link was followed")
	}
	for _, ring := range []Ring{{1, 1}, {-1, units.MB}, {0, units.MB}} {
		if ring.Check() == nil {
			t.Errorf("%v is a ring", ring)
		}
	}
}

// Packets that wait are counted by what they take, however small they are.
func TestSmallPacketsAreHeldToTheBoundToo(t *testing.T) {
	written := 0
	m := newMerge(2, func(*Packet) error { written++; return nil })
	const count = 1_500_000
	for i := range int64(count) {
		if err := m.add(Packet{At: time.Unix(0, i), Data: make([]byte, 14)}); err != nil {
			t.Fatal(err)
		}
		if len(m.waiting) > maxHeld/exchange.Held {
			t.Fatalf("%d packets wait", len(m.waiting))
		}
	}
	if written+len(m.waiting) != count {
		t.Errorf("%d written, %d wait, of %d", written, len(m.waiting), count)
	}
}

// full is a disk that has room for so many bytes.
type full struct {
	*outdir.File
	left int
}

func (f *full) Write(p []byte) (int, error) {
	n, err := f.File.Write(p[:min(len(p), f.left)])
	f.left -= n
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return n, err
}

// Of a capture whose disk is full what is written is there: whole blocks up to where it was full, as many packets as it
// says, and a file by that name.
func TestAFullDiskKeepsWhatIsThere(t *testing.T) {
	for _, room := range []int{5000, 5001, 5057, 1 << 20, 2<<20 + 77} {
		for _, ring := range []Ring{{}, {Files: 3, Size: 800 * units.KB}} {
			ctx, sources, begin := both(t, 3000, 1000)
			path := filepath.Join(t.TempDir(), "f.pcapng")
			left := &full{left: room}
			r, err := Run(ctx, sources, Options{Program: "p", Path: path, Ring: ring,
				through: func(f *outdir.File) io.Writer { left.File = f; return left }})
			if !errors.Is(err, syscall.ENOSPC) || r == nil || len(r.Files) == 0 {
				t.Fatalf("room for %d: %+v, %v", room, r, err)
			}
			there, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
			hidden, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
			if !slices.Equal(there, r.Files) || len(hidden) > 0 {
				t.Errorf("room for %d: told of %v, there are %v %v", room, r.Files, there, hidden)
			}
			count, size := 0, 0
			for _, name := range there {
				f := read(t, name)
				for i, p := range f.Packets {
					if len(there) == 1 && p.At.Sub(begin) != time.Duration(i) {
						t.Fatalf("packet %d is of %v", i, p.At.Sub(begin))
					}
				}
				info, _ := os.Stat(name)
				count, size = count+len(f.Packets), size+int(info.Size())
			}
			if told := r.Counts[0].Written + r.Counts[1].Written; len(there) < 3 && told != uint64(count) {
				t.Errorf("room for %d: %d packets are told of, %d are there", room, told, count)
			}
			if len(there) == 1 && (size > room || size < room-1100) {
				t.Errorf("room for %d, of which %d are used", room, size)
			}
		}
	}
}

// What cannot even begin leaves nothing.
func TestWhatDoesNotBeginLeavesNothing(t *testing.T) {
	_, sources, _ := both(t, 1, 60)
	dir := t.TempDir()
	left := &full{left: 10}
	_, err := Run(t.Context(), sources, Options{Program: "p", Path: filepath.Join(dir, "f.pcapng"),
		through: func(f *outdir.File) io.Writer { left.File = f; return left }})
	entries, _ := os.ReadDir(dir)
	if !errors.Is(err, syscall.ENOSPC) || len(entries) != 0 {
		t.Errorf("%v, and %v is left", err, entries)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestOrderYieldsToMemory(t *testing.T) {
	var got []int64
	m := newMerge(2, func(p *Packet) error { got = append(got, p.At.Unix()); return nil })
	data := make([]byte, 64<<20-exchange.Held)
	for i := range int64(6) { // the other source never tells anything
		if err := errors.Join(m.add(Packet{At: time.Unix(10-i, 0), Data: data}), m.until(0, time.Unix(20, 0))); err != nil {
			t.Fatal(err)
		}
	}
	if want := []int64{6, 5}; !slices.Equal(got, want) {
		t.Errorf("written %v, want %v", got, want)
	}
	if err := m.flush(); err != nil || len(got) != 6 || m.held != 0 {
		t.Errorf("%v, %v, %d bytes held", got, err, m.held)
	}
}

func read(t *testing.T, path string) *capturetest.File {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := capturetest.Read(text)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return f
}

func TestReaderRefusesWhatIsCut(t *testing.T) {
	ctx, sources, _ := both(t, 2, 60)
	var out bytes.Buffer
	if _, err := Run(ctx, sources, Options{Program: "p", Stream: &out}); err != nil {
		t.Fatal(err)
	}
	for n := range out.Len() {
		if f, err := capturetest.Read(out.Bytes()[:n]); err == nil && len(f.Interfaces) == 2 && f.Interfaces[0].Ended &&
			f.Interfaces[1].Ended {
			t.Fatalf("%d of %d bytes pass for all", n, out.Len())
		}
	}
}
