package lineprotocol

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAppend(t *testing.T) {
	p := Point{
		Measurement: "a b", Time: time.Unix(1, 5),
		Tags:   map[string]string{"z": "1", "k,=": "v w", "empty": ""},
		Fields: map[string]any{"i": int64(-3), "f": 0.5, "s": `"x\`, "b": true},
	}
	line, err := Append([]byte("# comment\n"), p)
	const want = "# comment\n" + `a\ b,k\,\==v\ w,z=1 b=true,f=0.5,i=-3i,s="\"x\\" 1000000005` + "\n"
	if err != nil || string(line) != want {
		t.Fatalf("%v\n%q\n%q", err, line, want)
	}
	var got []Point
	if err := Read(bytes.NewReader(line), func(p Point) error { got = append(got, p); return nil }); err != nil {
		t.Fatal(err)
	}
	delete(p.Tags, "empty")
	if len(got) != 1 || !got[0].Time.Equal(p.Time) ||
		!reflect.DeepEqual(got[0].Fields, p.Fields) || !reflect.DeepEqual(got[0].Tags, p.Tags) {
		t.Errorf("%+v", got)
	}
}

func TestAppendRefuses(t *testing.T) {
	for name, p := range map[string]Point{
		"no field":     {Measurement: "m"},
		"no name":      {Fields: map[string]any{"f": 1.0}},
		"NaN":          {Measurement: "m", Fields: map[string]any{"f": math.NaN()}},
		"type":         {Measurement: "m", Fields: map[string]any{"f": 1}},
		"break in tag": {Measurement: "m", Tags: map[string]string{"t": "a\nb"}, Fields: map[string]any{"f": 1.0}},
	} {
		if line, err := Append([]byte("x"), p); err == nil || string(line) != "x" {
			t.Errorf("%s: %q, %v", name, line, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("m,t=1 f=1i 5\n")
	f.Add("m f=\"a\nb\" 5\nm")
	f.Fuzz(func(t *testing.T, text string) {
		_ = Read(strings.NewReader(text), func(p Point) error {
			line, err := Append(nil, p)
			if err != nil {
				return nil // the library reads some values that it does not write
			}
			return Read(bytes.NewReader(line), func(q Point) error {
				if q.Measurement != p.Measurement || len(q.Fields) != len(p.Fields) {
					t.Errorf("%+v became %+v", p, q)
				}
				return nil
			})
		})
	})
}
