package report

import (
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// faces notes in which faces texts are drawn, whatever their size.
type faces struct {
	text.Handler
	drawn map[font.Font]string // with one of the texts
}

func (f *faces) Draw(c vg.Canvas, txt string, look text.Style, at vg.Point) {
	if txt != "" {
		face := look.Font
		face.Size = 0
		f.drawn[face] = txt
	}
	f.Handler.Draw(c, txt, look, at)
}

// TestOneFaceIsEnough draws all figures of a run: none of their texts is set in a face of which the module in
// figures/liberation has the name alone.
func TestOneFaceIsEnough(t *testing.T) {
	seen := &faces{plot.DefaultTextHandler, map[font.Font]string{}}
	defer func(before text.Handler) { plot.DefaultTextHandler = before }(plot.DefaultTextHandler)
	plot.DefaultTextHandler = seen
	made(t, generate(t, 60))
	if len(seen.drawn) == 0 {
		t.Fatal("no text was drawn")
	}
	for face, txt := range seen.drawn {
		if want := (font.Font{Typeface: "Liberation", Variant: "Sans"}); face != want {
			t.Errorf("%q is drawn in %+v, want %+v", txt, face, want)
		}
	}
}
