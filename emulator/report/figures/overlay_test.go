package figures

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
)

func scattered() *Scatter {
	return &Scatter{Name: "s", Unit: "s", What: "latency", Column: "total_s", Clouds: []Cloud{
		{"external", []Dot{{0.1, 0.1, 1}, {1, 1.2, 50}, {0, 1, 1}}}, {"in-client", []Dot{{0.01, 0.02, 1}}}}}
}

func stacked() *Stack {
	return &Stack{
		Name: "p", Label: "ms", Column: "ms", Bars: []string{"external", "in-edge"}, Parts: []string{"request", "read"},
		Values: [][]float64{{1, -2}, {0.5, 0}},
	}
}

func TestOverlaysRender(t *testing.T) {
	for _, d := range []Drawing{scattered(), stacked()} {
		for format, magic := range map[string]string{"svg": "<?xml", "png": "\x89PNG", "pdf": "%PDF", "csv": "model,"} {
			one, err := d.Render(format)
			if err != nil || !strings.HasPrefix(string(one), magic) {
				t.Errorf("%s.%s: %v, %.20q", d.File(), format, err, one)
			}
			if two, _ := d.Render(format); !bytes.Equal(one, two) {
				t.Errorf("%s.%s differs from one time to the next", d.File(), format)
			}
		}
		picture, _ := d.Render("png")
		if image, err := png.Decode(bytes.NewReader(picture)); err != nil || image.Bounds().Dx() < 900 {
			t.Errorf("%s.png: %v", d.File(), err)
		}
		if _, err := d.Render("gif"); err == nil {
			t.Errorf("%s was drawn as a GIF", d.File())
		}
	}
}

func TestOverlaysAsNumbers(t *testing.T) {
	text, err := scattered().Render("csv")
	want := "model,predicted_total_s,measured_total_s,chains\n" +
		"external,0.1,0.1,1\nexternal,1,1.2,50\nexternal,0,1,1\nin-client,0.01,0.02,1\n"
	if err != nil || string(text) != want {
		t.Errorf("%v\n%s", err, text)
	}
	text, err = stacked().Render("csv")
	want = "model,part,ms\nexternal,request,1\nexternal,read,-2\nin-edge,request,0.5\nin-edge,read,0\n"
	if err != nil || string(text) != want {
		t.Errorf("%v\n%s", err, text)
	}
	if low, high := stacked().reach(); low >= -2 || high <= 1 {
		t.Errorf("the axis reaches from %v to %v", low, high)
	}
}

// What cannot be drawn is an error and never a panic.
func TestOverlaysWithoutData(t *testing.T) {
	outside := []Dot{{0, 1, 1}, {1, math.NaN(), 1}, {math.Inf(1), 1, 1}}
	for name, d := range map[string]Drawing{
		"nothing": &Scatter{}, "no place on the axes": &Scatter{Clouds: []Cloud{{"m", outside}}},
		"no bars": &Stack{}, "all zero": &Stack{Bars: []string{"a"}, Parts: []string{"p"}, Values: [][]float64{{0}}},
		"infinite":  &Stack{Bars: []string{"a"}, Parts: []string{"p"}, Values: [][]float64{{math.Inf(1)}}},
		"no number": &Stack{Bars: []string{"a"}, Parts: []string{"p"}, Values: [][]float64{{math.NaN()}}},
	} {
		for _, format := range []string{"svg", "png", "pdf"} {
			if _, err := d.Render(format); err == nil {
				t.Errorf("%s: drawn as %s", name, format)
			}
		}
	}
}

// Measured and predicted curves of one model differ in dash and fill, so that they do without colour.
func TestPoliciesLookDifferent(t *testing.T) {
	looks := map[string]bool{}
	for _, policy := range []string{Measured, "transport", "statesim"} {
		dashes, full := policyLook(builtin.Catalogue(), policy)
		key := ""
		for _, d := range dashes {
			key += label(float64(d)) + " "
		}
		looks[key] = true
		if full != (policy == Measured) {
			t.Errorf("%s: full markers %v", policy, full)
		}
	}
	if len(looks) != 3 {
		t.Errorf("only %d looks", len(looks))
	}
}
