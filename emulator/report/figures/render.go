package figures

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"

	"testbed/emulator/internal/lazy"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/printable"
)

// Formats are the endings of the files that a figure is written as; all but the last are pictures.
var Formats = []string{"svg", "png", "pdf", "csv"}

// resolution of PNG files, in dots per inch: an 85 mm column is 1004 pixels wide.
const resolution = 300

// Render draws the figure in one of Formats. It fails for an unknown format, a figure without points
// that can be drawn, and where a number is not finite.
func (f *Figure) Render(format string) ([]byte, error) {
	if format == "csv" {
		var out bytes.Buffer
		err := f.WriteCSV(&out)
		return out.Bytes(), err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	if f.Wide {
		return Picture(format, wideWidth, wideHeight, f.draw)
	}
	return Picture(format, width, height, f.draw)
}

// Picture draws a picture of the given size as svg, png or pdf, the same bytes every time. It fails for
// an unknown format, and where the libraries that draw cannot: they need a directory for temporary files.
func Picture(format string, width, height vg.Length, paint func(draw.Canvas)) (picture []byte, err error) {
	if format == "pdf" { // whose library writes typefaces into temporary files, and panics where it cannot
		if err := temporary(); err != nil {
			return nil, err
		}
	}
	defer func() {
		if p := recover(); p != nil {
			picture, err = nil, fmt.Errorf("as %s: it could not be drawn: %v", format, p)
		}
	}()
	var canvas vg.CanvasWriterTo
	switch format {
	case "svg":
		canvas = vgsvg.New(width, height)
	case "png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(resolution))}
	case "pdf":
		canvas = westernPDF{vgpdf.New(width, height)}
	default:
		return nil, fmt.Errorf("unknown format %q of a picture; write svg, png or pdf", format)
	}
	paint(draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("as %s: %w", format, err)
	}
	return repeatable(format, out.Bytes()), nil
}

// temporary says why there can be no temporary files.
func temporary() error {
	d, err := outdir.Temporary("tb-figure-")
	if err != nil {
		return fmt.Errorf("no temporary file can be made, and a PDF needs some: "+
			"set TMPDIR to a directory that can be written to: %w", err)
	}
	return d.RemoveAll()
}

// westernPDF writes text in the code page 1252 that the library's typefaces are encoded in; the library
// itself would write the bytes of UTF-8.
type westernPDF struct{ *vgpdf.Canvas }

// FillString implements vg.Canvas.
func (c westernPDF) FillString(face font.Face, at vg.Point, text string) {
	var western []byte
	for _, r := range text {
		if r > 0xff || r >= 0x80 && r < 0xa0 {
			r = '?' // nothing that is written here
		}
		western = append(western, byte(r))
	}
	c.Canvas.FillString(face, at, string(western))
}

// draw puts the legend above the plot, so that it never covers data.
func (f *Figure) draw(c draw.Canvas) {
	const margin = vg.Length(3)
	inner := draw.Crop(c, margin, -margin, margin, -margin)
	rows := f.legend()
	drawLegend(inner, rows)
	f.plot().Draw(draw.Crop(inner, 0, 0, 0, -vg.Length(len(rows))*rowHeight-2))
}

var (
	dates  = lazy.Regexp(`/(Creation|Mod)Date \(D:\d{14}[^)]*\)`)
	family = []byte("font-family:Liberation Sans;")
)

// repeatable takes the dates out of a PDF, without changing its length, and names typefaces of the same
// measures for readers of an SVG who do not have this one.
func repeatable(format string, picture []byte) []byte {
	switch format {
	case "pdf":
		return dates().ReplaceAllFunc(picture, func(entry []byte) []byte { return bytes.Repeat([]byte(" "), len(entry)) })
	case "svg":
		picture = []byte(printable.Text(string(picture))) // names may have what reorders text
		return bytes.ReplaceAll(picture, family, []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"))
	}
	return picture
}

// check finds what cannot be drawn.
func (f *Figure) check() error {
	points := 0
	for _, c := range f.Curves {
		for _, p := range c.Points {
			if f.drawable(p) {
				points++
			}
			if math.IsNaN(p.X+p.Y) || math.IsInf(p.X+p.Y, 0) {
				return fmt.Errorf("%s: %s, %s: the point (%v, %v) cannot be drawn", f.Name, c.Model, c.Policy, p.X, p.Y)
			}
		}
	}
	if points == 0 {
		return fmt.Errorf("%s: there are no points to draw", f.Name)
	}
	return nil
}

// Drawing is what can be written as files.
type Drawing interface {
	// File is the name of the files, without their endings.
	File() string
	// Render gives the drawing in one of Formats.
	Render(format string) ([]byte, error)
}

// File implements Drawing.
func (f *Figure) File() string { return f.Name }

// Write writes the figure in all Formats to a directory, which is made if need be, and returns the names
// of the files.
func (f *Figure) Write(dir string) ([]string, error) {
	d, err := outdir.Make(dir)
	if err != nil {
		return nil, err
	}
	files, err := Write(d, f)
	return files, errors.Join(err, d.Close())
}

// Write writes a drawing in all Formats, like Figure.Write, to an open directory. A format that gives nothing
// is left out, and one that fails keeps no other from being written.
func Write(dir *outdir.Dir, d Drawing) ([]string, error) {
	var files []string
	var errs []error
	for _, format := range Formats {
		data, err := d.Render(format)
		if err == nil && len(data) > 0 {
			name := d.File() + "." + format
			if err = dir.WriteFile(name, data); err == nil {
				files = append(files, filepath.Join(dir.Path(), name))
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s.%s: %w", d.File(), format, err))
		}
	}
	return files, errors.Join(errs...)
}
