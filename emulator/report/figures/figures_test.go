package figures

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
)

// By hand: 1 to 5 has the mean 3 and the standard deviation sqrt(2.5); t with 4 degrees of freedom is
// 2.776445 at 97.5 % (any table), so that half the interval is 2.776445·sqrt(2.5/5) = 1.963243.
func TestMeanByHand(t *testing.T) {
	p := Mean(7, []float64{5, 1, 4, 2, 3})
	if p.X != 7 || p.Y != 3 || p.Samples != 5 || math.Abs(p.Low-1.036757) > 1e-6 || math.Abs(p.High-4.963243) > 1e-6 {
		t.Errorf("%+v", p)
	}
	// Two samples: t with 1 degree of freedom is 12.706205; half is 12.706205·(sqrt(2)/sqrt(2)).
	if p = Mean(0, []float64{1, 3}); p.Y != 2 || math.Abs(p.High-14.706205) > 1e-6 {
		t.Errorf("%+v", p)
	}
	if p = Mean(0, []float64{4}); p.Y != 4 || p.bounded() {
		t.Errorf("one sample: %+v", p)
	}
	if p = Mean(0, nil); !math.IsNaN(p.Y) || p.bounded() {
		t.Errorf("no samples: %+v", p)
	}
}

// example has all four models and both policies.
func example() []Curve {
	var curves []Curve
	for k, policy := range []string{"load", "load+net"} {
		for i, model := range []string{"external", "in-edge", "in-function", "in-client"} {
			c := Curve{Model: model, Policy: policy}
			for x := 100.0; x <= 500; x += 100 {
				y := float64(40-20*k-4*i) + x/100
				c.Points = append(c.Points, Point{X: x, Y: y, Low: y - 1, High: y + 2, Samples: 10})
			}
			curves = append(curves, c)
		}
	}
	return curves
}

func TestCSV(t *testing.T) {
	points := []Point{Mean(100, []float64{1, 2, 3, 4, 5}), Mean(200, []float64{1.0 / 3})}
	f := Traffic([]Curve{{Model: "in-edge", Policy: "load", Points: points}})
	text, err := f.Render("csv")
	if err != nil {
		t.Fatal(err)
	}
	want := "model,policy,jobs,traffic_mb_hops,ci95_low,ci95_high,samples\n" +
		"in-edge,load,100,3,1.03675684,4.96324316,5\n" +
		"in-edge,load,200,0.333333333,,,1\n"
	if string(text) != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
}

// Every figure is drawn in every format, the same each time, and not empty.
func TestRender(t *testing.T) {
	all := example()
	for _, f := range []*Figure{Traffic(all), Latency(all[4:]), Length(all[4:])} {
		f.Looks = builtin.Catalogue()
		for _, format := range Formats {
			first, err := f.Render(format)
			if err != nil {
				t.Fatal(err)
			}
			second, err := f.Render(format)
			if err != nil || !bytes.Equal(first, second) {
				t.Errorf("%s.%s differs when it is drawn again: %v", f.Name, format, err)
			}
			switch format {
			case "png":
				checkPNG(t, f, first)
			case "svg":
				checkSVG(t, f, string(first))
			case "pdf":
				if !bytes.HasPrefix(first, []byte("%PDF-")) || len(first) < 10_000 || !bytes.Contains(first, []byte("FontFile")) {
					t.Errorf("%s.pdf: %d bytes, no typeface or no PDF", f.Name, len(first))
				}
			}
		}
	}
}

// checkPNG wants the width of a column, 85 mm, at 200 dots an inch or more, and every model's colour.
func checkPNG(t *testing.T, f *Figure, data []byte) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	size := picture.Bounds().Size()
	if least := 85 * 200 * 10 / 254; size.X < least || size.Y < size.X/2 {
		t.Errorf("%s.png has %v pixels, want %d at least", f.Name, size, least)
	}
	count := map[color.RGBA]int{}
	for y := range size.Y {
		for x := range size.X {
			c, _ := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
			count[c]++
		}
	}
	for _, c := range f.Curves {
		if n := count[modelStyle(f.Looks, c.Model).colour]; n < 150 {
			t.Errorf("%s.png: %d pixels in the colour of %s", f.Name, n, c.Model)
		}
	}
	if white := count[color.RGBA{255, 255, 255, 255}]; white < size.X*size.Y/2 {
		t.Errorf("%s.png: only %d white pixels", f.Name, white)
	}
}

// checkSVG wants well-formed XML with the axes' labels and the names of all models.
func checkSVG(t *testing.T, f *Figure, text string) {
	t.Helper()
	for in := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := in.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%s.svg: %v", f.Name, err)
		}
	}
	for _, want := range []string{f.X.Label, f.Y.Label, "external", "in-edge", "in-function", "in-client", "Arial"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s.svg has no %q", f.Name, want)
		}
	}
}

func TestWrite(t *testing.T) {
	files, err := Length(example()[:1]).Write(t.TempDir() + "/new")
	if err != nil || len(files) != len(Formats) {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What cannot be drawn is an error, or left out of a logarithmic picture, and never a panic.
func TestUnusualPoints(t *testing.T) {
	curve := func(ys ...float64) []Curve {
		c := Curve{Model: "a model of its own", Policy: "load"}
		for i, y := range ys {
			c.Points = append(c.Points, Point{X: float64(i), Y: y, Low: math.NaN(), High: math.NaN()})
		}
		return []Curve{c}
	}
	below := Point{X: 1, Y: 1, Low: -1, High: 3}
	for name, c := range map[string]struct {
		figure *Figure
		ok     bool
	}{
		"no curves":               {Traffic(nil), false},
		"no points":               {Traffic(curve()), false},
		"not a number":            {Traffic(curve(1, math.NaN())), false},
		"infinite":                {Length(curve(math.Inf(1))), false},
		"one point":               {Length(curve(3)), true},
		"zero only":               {Traffic(curve(0, 0)), true},
		"zero on a log axis":      {Latency(curve(0, 1)), true},
		"zero only on a log axis": {Latency(curve(0, 0)), false},
		"interval below zero":     {Length([]Curve{{Model: "in-edge", Points: []Point{below}}}), true},
	} {
		for _, format := range []string{"svg", "png", "pdf"} {
			if _, err := c.figure.Render(format); (err == nil) != c.ok {
				t.Errorf("%s as %s: %v", name, format, err)
			}
		}
	}
	if _, err := Traffic(curve(1)).Render("gif"); err == nil {
		t.Error("a GIF was drawn")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		log       bool
		low, high float64
		want      string
	}{
		{false, 0, 28, "0 5 10 15 20 25"},
		{false, 0.4, 43.6, "10 20 30 40"},
		{false, 0, 0.011, "0 0.002 0.004 0.006 0.008 0.01"},
		{true, -2, 2, "0.01 0.1 1 10 100"},
		{true, -1.3, 0.4, "0.1 0.2 0.5 1 2"},
	} {
		var labels []string
		for _, tick := range (ticks{&Axis{Log: c.log}}).Ticks(c.low, c.high) {
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("from %v to %v: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

// On a logarithmic x axis equal ratios are equal distances, ticks that are given have their places, and what is 0 has
// none.
func TestLogarithmicX(t *testing.T) {
	c := Curve{Model: "10Mbps", Policy: Measured}
	for _, x := range []float64{0, 1, 10, 1000} {
		c.Points = append(c.Points, Point{X: x, Y: 1, Low: math.NaN(), High: math.NaN()})
	}
	f := &Figure{Name: "f", ByOrder: true, X: Axis{Log: true, Ticks: []float64{0, 1, 10, 1000}}, Y: Axis{Log: true},
		Curves: []Curve{c}}
	p := f.plot()
	if p.X.Min >= 0 || p.X.Max <= 3 || p.X.Max-p.X.Min > 3.5 {
		t.Errorf("the axis reaches from %v to %v", p.X.Min, p.X.Max)
	}
	if d := f.drawing(0); len(d.points) != 3 {
		t.Errorf("%d points are drawn", len(d.points))
	}
	var at []float64
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		at = append(at, tick.Value)
	}
	if len(at) != 3 || at[0] != 0 || math.Abs(at[1]-1) > 1e-12 || math.Abs(at[2]-3) > 1e-12 {
		t.Errorf("ticks at %v", at)
	}
	if _, err := f.Render("svg"); err != nil {
		t.Error(err)
	}
	f.Curves[0].Points = f.Curves[0].Points[:1]
	if _, err := f.Render("svg"); err == nil {
		t.Error("a figure without a point was drawn")
	}
}

// What is measured and what is predicted of one name have one colour and marker, and differ in dash and fill.
func TestOneNameOneColour(t *testing.T) {
	f := &Figure{ByOrder: true, ByPolicy: true, Looks: builtin.Catalogue(), Curves: []Curve{
		{Model: "10Mbps", Policy: Measured}, {Model: "10Mbps", Policy: "transport"}, {Model: "1Gbps", Policy: Measured},
	}}
	one, two, other := f.drawing(0), f.drawing(1), f.drawing(2)
	if one.style.colour != two.style.colour || one.style.colour == other.style.colour || !one.full || two.full ||
		len(two.line.Dashes) == 0 {
		t.Errorf("%+v, %+v, %+v", one.style, two.style, other.style)
	}
	if rows := f.legend(); len(rows) != 2 || len(rows[0]) != 2 || len(rows[1]) != 2 {
		t.Errorf("%d rows", len(rows))
	}
}
