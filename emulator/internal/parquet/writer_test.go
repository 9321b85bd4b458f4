package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	library "github.com/parquet-go/parquet-go"
)

// in are rows by column.
func in(rows []row) []Values {
	v := make([]Values, len(columns))
	for _, r := range rows {
		v[0].Ints, v[1].Ints = append(v[0].Ints, int64(r.A)), append(v[1].Ints, r.B)
		v[2].Texts, v[3].Floats = append(v[2].Texts, r.C), append(v[3].Floats, r.D)
		v[4].Floats, v[5].Ints = append(v[4].Floats, r.E), append(v[5].Ints, int64(r.F))
		v[6].Texts, v[7].Ints = append(v[6].Texts, r.G), append(v[7].Ints, r.H)
	}
	return v
}

// ours is a file of the groups of rows.
func ours(t testing.TB, groups ...[]row) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, "testbed version test (build 1)", columns)
	for _, rows := range groups {
		err = errors.Join(err, w.Group(in(rows)))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// bitwise is a row with its doubles as bits, so that NaN is itself and 0 not -0.
func bitwise(r row) any {
	d, e := math.Float64bits(r.D), math.Float64bits(r.E)
	r.D, r.E = 0, 0
	return struct {
		row
		d, e uint64
	}{r, d, e}
}

func same(a, b []row) bool {
	return slices.EqualFunc(a, b, func(a, b row) bool { return bitwise(a) == bitwise(b) })
}

func extremes() []row {
	return []row{
		{A: math.MinInt32, B: math.MinInt64, C: "ä", D: math.NaN(), E: math.Inf(-1), F: math.MaxInt32, G: "\x00",
			H: math.MaxInt64},
		{A: math.MaxInt32, B: math.MaxInt64, C: "", D: math.Copysign(0, -1), E: math.NaN(), F: math.MinInt32,
			H: math.MinInt64},
		{B: math.MinInt64, E: math.Copysign(0, -1), F: math.MaxInt32}, {E: 0, F: -1}, {D: 5e-324, F: math.MinInt32},
	}
}

// TestLibraryReadsWhatIsWritten has files read by parquet-go, and by File.
func TestLibraryReadsWhatIsWritten(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	rows := func(n int) []row {
		_, all := written(t, random, 1, n)
		return all
	}
	alike := slices.Repeat(extremes()[:1], 1000)
	for name, groups := range map[string][][]row{
		"none": {}, "an empty group": {nil}, "one row": {rows(1)}, "seven": {rows(7)}, "eight": {rows(8)},
		"a block of differences": {rows(129)}, "and one more": {rows(130)}, "two groups": {rows(33), rows(1000)},
		"many": {rows(100_000)}, "extremes": {extremes()}, "all alike": {alike},
		"runs between others": {slices.Concat(rows(13), alike, rows(21), alike[:9], rows(3), alike[:8])},
		"20 groups":           slices.Repeat([][]row{rows(3)}, 20),
	} {
		t.Run(name, func(t *testing.T) {
			want := slices.Concat(groups...)
			text := ours(t, groups...)
			got, err := read(text)
			if err != nil || !same(got, want) {
				t.Errorf("File reads %d rows, want %d: %v", len(got), len(want), err)
			}
			got, err = library.Read[row](bytes.NewReader(text), int64(len(text)))
			if err != nil || !same(got, want) {
				t.Errorf("parquet-go reads %d rows, want %d: %v", len(got), len(want), err)
			}
		})
	}
}

// TestFilesDescribeThemselves asks parquet-go for what programs show of a file.
func TestFilesDescribeThemselves(t *testing.T) {
	text := ours(t, extremes(), extremes()[:2])
	f, err := library.OpenFile(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Metadata().CreatedBy; got != "testbed version test (build 1)" {
		t.Errorf("created by %q", got)
	}
	const want = `message row {
	required int32 a (INT(32,true));
	required int64 b (INT(64,true));
	required binary c (STRING);
	required double d;
	required double e;
	required int32 f (INT(32,true));
	required binary g (STRING);
	required int64 h (INT(64,true));
}`
	if got := f.Schema().String(); got != want {
		t.Errorf("the schema is %s\nwant %s", got, want)
	}
	for i, g := range f.Metadata().RowGroups {
		whole, at := int64(0), int64(4)
		if i > 0 {
			last := f.Metadata().RowGroups[i-1].Columns[len(columns)-1].MetaData
			at = last.DataPageOffset + last.TotalCompressedSize
		}
		for k, c := range g.Columns {
			whole += c.MetaData.TotalUncompressedSize
			begin := c.MetaData.DataPageOffset
			if columns[k].Encoding == Dictionary {
				begin = c.MetaData.DictionaryPageOffset
			}
			if begin != at {
				t.Errorf("group %d, column %d begins at %d, want %d", i, k, begin, at)
			}
			at += c.MetaData.TotalCompressedSize
		}
		if g.TotalByteSize != whole {
			t.Errorf("group %d has %d bytes, its columns %d", i, g.TotalByteSize, whole)
		}
	}
}

func TestWhatIsNotWritten(t *testing.T) {
	short := in(extremes())
	short[3].Floats = short[3].Floats[1:]
	huge := []Values{{Texts: []string{string(make([]byte, mostPage))}}}
	for name, c := range map[string]struct {
		columns []Column
		rows    []Values
	}{
		"columns of unequal length": {columns, short},
		"too few columns":           {columns, in(extremes())[:7]},
		"differences of doubles":    {[]Column{{"x", Double, Delta}}, []Values{{Floats: []float64{1}}}},
		"split whole numbers":       {[]Column{{"x", Int64, Split}}, []Values{{Ints: []int64{1}}}},
		"a page nobody reads":       {[]Column{{"x", Text, Plain}}, huge},
		"too many rows":             {[]Column{{"x", Int64, Plain}}, []Values{{Ints: make([]int64, MaxGroup+1)}}},
	} {
		w, err := NewWriter(&bytes.Buffer{}, "test", c.columns)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Group(c.rows); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// full takes so many bytes.
type full struct{ left int }

var errFull = errors.New("full")

func (f *full) Write(text []byte) (int, error) {
	if f.left -= len(text); f.left < 0 {
		return 0, errFull
	}
	return len(text), nil
}

func TestWhereNothingCanBeWritten(t *testing.T) {
	for left := range len(ours(t, extremes())) {
		w, err := NewWriter(&full{left}, "testbed version test (build 1)", columns)
		if err == nil {
			err = w.Group(in(extremes()))
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errFull) {
			t.Fatalf("after %d bytes: %v", left, err)
		}
	}
}

// FuzzEncodings encodes whole numbers, and decodes them.
func FuzzEncodings(f *testing.F) {
	f.Add([]byte{}, true)
	f.Add(bytes.Repeat([]byte{1, 0, 0, 0, 0, 0, 0, 0x80}, 20), false)
	f.Add(bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8, 255, 0, 0, 0, 0, 0, 0, 0x80, 0}, 40), true)
	f.Fuzz(func(t *testing.T, text []byte, narrow bool) {
		kind, numbers := Int64, []int64{0}
		for ; len(text) >= 8; text = text[8:] {
			numbers = append(numbers, int64(binary.LittleEndian.Uint64(text)))
		}
		if narrow {
			kind = Int32
			for i, n := range numbers {
				numbers[i] = int64(int32(n))
			}
		}
		for _, encoding := range []Encoding{Plain, Delta, Dictionary} {
			page, dictionary, err := (&Values{Ints: numbers}).encode(Column{Type: kind, Encoding: encoding})
			if err != nil {
				t.Fatal(err)
			}
			got := &Values{dictionary: dictionary}
			if err := got.decode(kind, encoding, page, len(numbers)); err != nil || !slices.Equal(got.Ints, numbers) {
				t.Errorf("%v in encoding %d are read as %v: %v", numbers, encoding, got.Ints, err)
			}
		}
	})
}
