package wire

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"testing/iotest"
)

var sample = Header{
	Channel: 1<<63 + 5, Due: -7, Final: math.MaxUint32, From: 0x0a4d0001, To: 0x0a4d0002, Kind: 3, Router: 300,
}

func TestRecordsComeOutAsTheyWentIn(t *testing.T) {
	var b []byte
	sizes := []int{0, 1, 60, 1514, MaxData}
	for i, n := range sizes {
		h := sample
		h.Due += int64(i)
		b = appendRecord(b, &h, bytes.Repeat([]byte{byte(i)}, n))
	}
	if n, records, err := whole(b); n != len(b) || records != uint64(len(sizes)) || err != nil {
		t.Errorf("%d of %d bytes, %d records, %v", n, len(b), records, err)
	}
	rest := b
	for i, n := range sizes {
		h, data, more, ok, err := cutRecord(rest)
		want := sample
		want.Due += int64(i)
		if h != want || len(data) != n || !ok || err != nil || n > 0 && data[n-1] != byte(i) {
			t.Errorf("%d: %+v with %d bytes, %v, %v", i, h, len(data), ok, err)
		}
		rest = more
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes are left", len(rest))
	}
	for n := range headerLen + 1 {
		if _, _, _, ok, err := cutRecord(b[headerLen:][:n]); ok || err != nil {
			t.Errorf("of %d bytes: %v, %v", n, ok, err)
		}
	}
}

// What cannot be a record is refused as soon as its length is known, and nothing is held for it.
func TestRecordsThatCannotBe(t *testing.T) {
	good := appendRecord(nil, &sample, []byte("data"))
	for name, spoil := range map[string]func([]byte){
		"too long": func(b []byte) { b[1] = 2 },
		"not zero": func(b []byte) { b[zeroAt] = 1 },
	} {
		b := append(slices.Clone(good), good...)
		spoil(b[len(good):])
		n, records, err := whole(b)
		if n != len(good) || records != 1 || !errors.Is(err, errRecord) {
			t.Errorf("%s: %d bytes, %d records, %v", name, n, records, err)
		}
		in := newInbox()
		if err := in.readFrom(bytes.NewReader(b), 1, func() {}); !errors.Is(err, errRecord) {
			t.Errorf("%s: the reader ends with %v", name, err)
		}
		if got := in.take(); !bytes.Equal(got, good) || in.total.Load() != 1 {
			t.Errorf("%s: the record before it is %d bytes", name, len(got))
		}
	}
}

// However a stream of records is cut into pieces, the same come out.
func TestInboxReadsPieces(t *testing.T) {
	var b []byte
	for i := range 50 {
		b = appendRecord(b, &sample, make([]byte, i*i))
	}
	for name, from := range map[string]io.Reader{
		"whole": bytes.NewReader(b), "bytes": iotest.OneByteReader(bytes.NewReader(b)),
		"halves": iotest.HalfReader(bytes.NewReader(b)), "with its end": iotest.DataErrReader(bytes.NewReader(b)),
	} {
		in := newInbox()
		rung := 0
		if err := in.readFrom(from, 7, func() { rung++ }); !errors.Is(err, io.EOF) {
			t.Error(name, err)
		}
		if got := in.take(); !bytes.Equal(got, b) || in.read() != (progress{7, 50}) || rung == 0 {
			t.Errorf("%s: %d of %d bytes, %d records", name, len(got), len(b), in.read().records)
		}
	}
}

// An outbox takes 4 MB, and counts what is more; what waits when the connection breaks is counted as well.
func TestOutboxIsBoundedAndCounts(t *testing.T) {
	o := newOutbox()
	data := make([]byte, 1<<16)
	if o.put(&sample, data) || o.lost.Load() != 1 {
		t.Error("it takes packets without a connection")
	}
	o.connected(true)
	kept := 0
	for range 200 {
		if o.put(&sample, data) {
			kept++
		}
	}
	if want := maxBox / (headerLen + len(data)); kept != want || o.lost.Load() != uint64(201-want) {
		t.Errorf("kept %d, want %d; %d lost", kept, want, o.lost.Load())
	}
	o.flush()
	o.flush()
	if len(o.wake) != 1 {
		t.Error("the writer is not woken")
	}
	full, n := o.take(nil)
	if n != uint64(kept) || len(full) != kept*(headerLen+len(data)) {
		t.Errorf("%d bytes of %d records", len(full), n)
	}
	if !o.put(&sample, data) {
		t.Error("there is no room once it was emptied")
	}
	before := o.lost.Load()
	o.connected(false)
	if o.lost.Load() != before+1 || o.put(&sample, data) {
		t.Error("what waited is not counted")
	}
}

func TestSendingAllocatesNothing(t *testing.T) {
	o := newOutbox()
	o.connected(true)
	data := make([]byte, 1514)
	var spare []byte
	round := func() {
		for range 100 {
			o.put(&sample, data)
		}
		o.flush()
		spare, _ = o.take(spare)
	}
	round()
	round()
	if n := testing.AllocsPerRun(50, round); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever bytes come, no record is larger than allowed, and what is said to be whole can be taken apart.
func FuzzRecords(f *testing.F) {
	f.Add(appendRecord(nil, &sample, []byte("data")))
	f.Add(appendRecord(appendRecord(nil, &sample, nil), &sample, []byte("x"))[:60])
	f.Add(bytes.Repeat([]byte{0xff}, 80))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, records, err := whole(b)
		rest := b[:n]
		var again []byte
		for range records {
			h, data, more, ok, err := cutRecord(rest)
			if !ok || err != nil || len(data) > MaxData {
				t.Fatalf("%v, %v, %d bytes", ok, err, len(data))
			}
			again, rest = appendRecord(again, &h, data), more
		}
		if len(rest) > 0 || !bytes.Equal(again, b[:n]) {
			t.Fatalf("%d bytes left of %d", len(rest), n)
		}
		if _, ok, wrong := recordLen(b[n:]); ok || (wrong == nil) != (err == nil) {
			t.Fatalf("the rest: %v, %v, %v", ok, wrong, err)
		}
	})
}

func FuzzHello(f *testing.F) {
	f.Add(hello{forPackets, 77}.bytes())
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHello(bytes.NewReader(b))
		if err == nil && (!bytes.Equal(h.bytes()[:5], b[:5]) || h.purpose != forPackets && h.purpose != forProbes) {
			t.Fatalf("%+v of %q", h, b)
		}
	})
}
