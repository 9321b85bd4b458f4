package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	klauspost "github.com/klauspost/compress/zstd"
	library "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

type row struct {
	A int32   `parquet:"a,dict"`
	B int64   `parquet:"b,delta"`
	C string  `parquet:"c,dict"`
	D float64 `parquet:"d,split"`
	E float64 `parquet:"e,dict"`
	F int32   `parquet:"f,delta"`
	G string  `parquet:"g,plain"`
	H int64   `parquet:"h,plain"`
}

var columns = []Column{{"a", Int32, Dictionary}, {"b", Int64, Delta}, {"c", Text, Dictionary}, {"d", Double, Split},
	{"e", Double, Dictionary}, {"f", Int32, Delta}, {"g", Text, Plain}, {"h", Int64, Plain}}

// written is a file of so many row groups with so many rows each.
func written(t testing.TB, random *rand.Rand, groups, rows int) ([]byte, []row) {
	t.Helper()
	var file bytes.Buffer
	out := library.NewGenericWriter[row](&file, library.Compression(&zstd.Codec{}))
	var all []row
	for range groups {
		var group []row
		for i := range rows {
			r := row{A: int32(random.IntN(3)) - 1, B: random.Int64() >> random.IntN(64), C: []string{"", "load",
				"load+net"}[random.IntN(3)], D: random.NormFloat64(),
				E: float64(random.IntN(1 << random.IntN(18))), F: int32(i), G: string(rune('a' + random.IntN(20))), H: -int64(i)}
			group = append(group, r)
		}
		if _, err := out.Write(group); err != nil {
			t.Fatal(err)
		}
		if err := out.Flush(); err != nil {
			t.Fatal(err)
		}
		all = append(all, group...)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), all
}

func read(text []byte) ([]row, error) {
	f, err := Open(bytes.NewReader(text), int64(len(text)), columns)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []row
	for i := range f.Groups() {
		v, err := f.Group(i)
		if err != nil {
			return all, err
		}
		for k := range v[0].Ints {
			all = append(all, row{int32(v[0].Ints[k]), v[1].Ints[k], v[2].Texts[k], v[3].Floats[k], v[4].Floats[k],
				int32(v[5].Ints[k]), v[6].Texts[k], v[7].Ints[k]})
		}
	}
	return all, nil
}

func TestReadsWhatTheLibraryWrites(t *testing.T) {
	for _, size := range []struct{ groups, rows int }{{0, 0}, {1, 1}, {1, 7}, {2, 8}, {3, 1000}, {2, 100_000}} {
		text, want := written(t, rand.New(rand.NewPCG(1, uint64(size.rows))), size.groups, size.rows)
		got, err := read(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v: %d rows, want %d: %v", size, len(got), len(want), err)
		}
	}
}

// Files that are cut off or altered in any byte are an error, or read; they never panic.
func TestAlteredFiles(t *testing.T) {
	text, _ := written(t, rand.New(rand.NewPCG(1, 2)), 2, 40)
	for n := range text {
		if _, err := read(text[:n]); !errors.Is(err, ErrFormat) {
			t.Fatalf("cut off after %d bytes: %v", n, err)
		}
	}
	refused := 0
	for i := range text {
		for _, mask := range []byte{1, 0x80, 0xff} {
			altered := slices.Clone(text)
			altered[i] ^= mask
			if _, err := read(altered); err != nil {
				refused++
			}
		}
	}
	if refused < len(text) {
		t.Errorf("of %d alterations only %d are noticed", 3*len(text), refused)
	}
}

// What announces more than it has takes no memory for it.
func TestForgedSizes(t *testing.T) {
	huge := binary.AppendUvarint(nil, math.MaxUint64)
	list := append([]byte{0x19, 0xfc}, huge...)                       // a list of structs
	text := append([]byte{0x18}, huge...)                             // a text
	run := append([]byte{1}, binary.AppendUvarint(nil, 1<<33)...)     // indices of one bit: 2^32 of one value
	packed := append([]byte{32}, binary.AppendUvarint(nil, 1<<60)...) // 2^59 times 8 indices
	var deltas []byte
	for _, n := range []uint64{128, 4, 1 << 40, 0} {
		deltas = binary.AppendUvarint(deltas, n)
	}
	encoder, err := klauspost.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bomb := encoder.EncodeAll(make([]byte, mostPage+1), nil)
	f, err := Open(bytes.NewReader(forged(t)), int64(len(forged(t))), columns)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for name, failed := range map[string]error{
		"list": second(parse(list)), "text": second(parse(text)),
		"run":    (&Values{dictionary: &Values{Ints: []int64{1}}}).decode(Int32, Dictionary, append(run, 0), 100),
		"packed": (&Values{dictionary: &Values{Ints: []int64{1}}}).decode(Int32, Dictionary, append(packed, 0), 100),
		"deltas": (&Values{}).decode(Int64, Delta, deltas, 100),
		"texts":  (&Values{}).decode(Text, Plain, []byte{255, 255, 255, 255, 0}, 1),
		"index":  (&Values{dictionary: &Values{}}).decode(Int32, Dictionary, []byte{0, 2}, 1),
		"bomb":   third(f.zstd.DecodeAll(bomb, nil)),
	} {
		if failed == nil {
			t.Errorf("%s: no error", name)
		}
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 4*mostPage {
		t.Errorf("%d MB were taken", took>>20)
	}
}

func forged(t testing.TB) []byte {
	text, _ := written(t, rand.New(rand.NewPCG(1, 2)), 1, 5)
	return text
}

func second(_ value, _ int, err error) error { return err }
func third(_ []byte, err error) error        { return err }

func FuzzFile(f *testing.F) {
	whole, _ := written(f, rand.New(rand.NewPCG(1, 2)), 2, 20)
	f.Add(whole)
	f.Add(whole[:len(whole)-9])
	f.Add(append([]byte("PAR1\x19\xfc\xff\xff\xff\xff\x0f"), "\x07\x00\x00\x00PAR1"...))
	f.Fuzz(func(t *testing.T, text []byte) {
		if rows, err := read(text); err == nil && len(rows) > MaxRows {
			t.Errorf("%d rows", len(rows))
		}
	})
}
