package linktrace

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const radio = "distance,rate,loss\n0,20Mbps,0\n100,10Mbps,1%\n300,0bps,50%\n"

// TestDistancesAreLookedUp: a walk out and back passes the rows of the table, each at its time.
func TestDistancesAreLookedUp(t *testing.T) {
	table, err := ParseTable("radio.csv", []byte(radio))
	if err != nil {
		t.Fatal(err)
	}
	const walk = "time,distance\n0,0\n10,200\n20,50\n30,1000\n"
	linear := parsed(t, walk, Options{Linear: true, Table: table})
	for second, want := range map[float64][2]float64{0: {20e6, 0}, 2.5: {15e6, 0.005}, 5: {10e6, 0.01},
		7.5: {7.5e6, 0.1325},
		10:  {5e6, 0.255}, 20: {15e6, 0.005}, 29: {0, 0.5}} {
		k := linear.At(int64(second * 1e9))
		if math.Abs(k.Rate-want[0]) > 1 || math.Abs(k.Loss-want[1]) > 1e-6 {
			t.Errorf("after %v s: %v bit/s, loss %v, not %v", second, k.Rate, k.Loss, want)
		}
	}
	step := parsed(t, walk, Options{Table: table})
	if k := step.At(9e9); k.Rate != 20e6 || len(step.Knots) != 4 {
		t.Errorf("in steps: %+v of %d", k, len(step.Knots))
	}
	for text, want := range map[string]string{
		"time,distance,rate\n0,0,1Mbps\n1,1,1Mbps\n": "the table gives what the link is like",
		"time,rate\n0,1Mbps\n1,1Mbps\n":              "no column distance",
		"time,distance_mile\n0,0\n1,1\n":             "write distance_m or",
		"time,distance,distance\n0,0,0\n":            "there twice",
		"1\n2\n":                                     "leave table out",
	} {
		if _, err := Parse("w", []byte(text), Options{Table: table}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := Parse("w", []byte(walk), Options{}); err == nil || !strings.Contains(err.Error(), "add table") {
		t.Errorf("distances without a table: %v", err)
	}
	for text, want := range map[string]string{
		"distance\n0\n":                     "nothing but",
		"rate\n1Mbps\n":                     "there is no column distance",
		"distance,rate\n5,1Mbps\n5,2Mbps\n": "r.csv:3: its distance is no longer",
		"distance_km,rate\n5,fast\n":        "r.csv:2:",
		"distance,time,rate\n5,1,1Mbps\n":   "",
	} {
		_, err := ParseTable("r.csv", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzParseTable(f *testing.F) {
	f.Add([]byte(radio), "time,distance\n0,0\n10,200\n")
	f.Fuzz(func(t *testing.T, text []byte, walk string) {
		table, err := ParseTable("f", text)
		if err != nil {
			return
		}
		for _, linear := range []bool{false, true} {
			trace, err := Parse("f", []byte(walk), Options{Linear: linear, Format: CSV, Table: table})
			if err != nil {
				continue
			}
			if k := trace.At(int64(trace.Period()) / 2); k.check() != nil {
				t.Errorf("%+v", k)
			}
		}
	})
}

// TestWalksInLargeTables: how long a table is does not tell on a walk within one of its rows.
func TestWalksInLargeTables(t *testing.T) {
	const rows = 400_000
	table, err := ParseTable("radio.csv", []byte("distance,rate\n"+lines(rows, func(i int) string {
		return strconv.Itoa(i) + ",1Mbps\n"
	})))
	if err != nil {
		t.Fatal(err)
	}
	walk := parsed(t, "time,distance\n"+lines(rows, func(i int) string {
		at, distance := float64(i)/10, 200_000.25+float64(i%2)/2
		return strconv.FormatFloat(at, 'f', 1, 64) + "," + strconv.FormatFloat(distance, 'f', 2, 64) + "\n"
	}), Options{Linear: true, Table: table})
	if len(walk.Knots) != rows {
		t.Errorf("%d knots", len(walk.Knots))
	}
	if got := table.passed(7, 3); !slices.Equal(got, []float64{6, 5, 4}) {
		t.Errorf("on the way from 7 to 3: %v", got)
	}
	if got := table.passed(3, 6.5); !slices.Equal(got, []float64{4, 5, 6}) {
		t.Errorf("on the way from 3 to 6.5: %v", got)
	}
	if got := table.passed(5, 5); len(got) > 0 {
		t.Errorf("on no way: %v", got)
	}
}

func lines(n int, line func(int) string) string {
	var text strings.Builder
	for i := range n {
		text.WriteString(line(i))
	}
	return text.String()
}
