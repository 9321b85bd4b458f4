// Package report makes of a run's directory what people look at: one self-contained page, and figures
// that are ready for print. It needs nothing but the directory, says what is missing in it, and takes the
// same time for a run of any length, but for reading it.
package report

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/report/figures"
	"testbed/emulator/report/html"
	"testbed/emulator/report/run"
)

// Names of what is written into a run's directory.
const (
	PageFile   = "report.html"
	FiguresDir = "figures"
)

// Result is what was written.
type Result struct {
	Page    string   // the page's path
	Size    int64    // of the page, in bytes
	Figures []string // the figures' paths
	Missing []string // sentences on what the run does not have
}

// Write makes the report of the run in dir: the page, at the path page or, where that is empty, in dir,
// and the figures below dir; the catalogue says how models look. It fails where dir has no manifest or something
// cannot be written; what else a run may lack is said on the page.
func Write(dir, page string, c *catalogue.Catalogue) (*Result, error) {
	r, err := run.Read(dir, c)
	if err != nil {
		return nil, err
	}
	out, err := outdir.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // only opened; each file says itself whether it is written
	drawn := draw(r)
	result := &Result{Missing: r.Missing}
	var failed error
	result.Figures, failed = writeFigures(out, drawn.files)
	if page == "" {
		page = filepath.Join(dir, PageFile)
		result.Size, err = writePage(out, PageFile, present(r, drawn))
	} else {
		result.Size, err = writePageAt(page, present(r, drawn))
	}
	result.Page = page
	return result, errors.Join(failed, err)
}

// writeFigures writes all figures below a run's directory, and returns their paths.
func writeFigures(dir *outdir.Dir, all []figures.Drawing) ([]string, error) {
	sub, err := dir.Sub(FiguresDir)
	if err != nil {
		return nil, fmt.Errorf("the figures: %w", err)
	}
	var files []string
	var errs []error
	for _, d := range all {
		written, err := figures.Write(sub, d)
		files, errs = append(files, written...), append(errs, err)
	}
	return files, errors.Join(append(errs, sub.Close())...)
}

// writePage replaces the file at once, so that there is a whole page or none.
func writePage(dir *outdir.Dir, name string, p *html.Page) (int64, error) {
	var text bytes.Buffer
	if err := html.Write(&text, p); err != nil {
		return 0, fmt.Errorf("%s: %w", filepath.Join(dir.Path(), name), err)
	}
	if err := dir.WriteFile(name, text.Bytes()); err != nil {
		return 0, err
	}
	return int64(text.Len()), nil
}

// writePageAt is writePage at a path that may be anywhere.
func writePageAt(path string, p *html.Page) (int64, error) {
	dir, name, err := outdir.Parent(path)
	if err != nil {
		return 0, err
	}
	size, err := writePage(dir, name, p)
	return size, errors.Join(err, dir.Close())
}

// drawings are all figures of a run, as files and as charts.
type drawings struct {
	files   []figures.Drawing
	static  map[string]html.Drawing // by name
	charts  map[string]*chart       // by name
	graph   string                  // the topology, for the page
	grouped bool                    // the scatter's dots are means
}

// draw makes every figure that the run has data for. Figures that depend on the predictor are made for
// each of them; the first one's names have no addition.
func draw(r *run.Run) *drawings {
	d := &drawings{static: map[string]html.Drawing{}, charts: map[string]*chart{}}
	for e := range max(1, len(r.Engines)) {
		engine := engineName(r, e)
		for _, f := range []*figures.Figure{traffic(r, e), latency(r, e), length(r, e)} {
			f.Looks = r.Catalogue
			d.add(f, f.Name, e, engine, lines(f, engine), func(name string) { f.Name = name })
		}
		s, grouped := scatter(r, e)
		s.Looks = r.Catalogue
		d.grouped = d.grouped || grouped
		d.add(s, s.Name, e, engine, dots(s, engine), func(name string) { s.Name = name })
		if report := r.Report(engine); report != nil {
			f, p := byLength(report), parts(report)
			f.Looks = r.Catalogue
			d.add(f, f.Name, e, engine, lines(f, engine), func(name string) { f.Name = name })
			d.add(p, p.Name, e, engine, bars(p, engine), func(name string) { p.Name = name })
		}
	}
	for _, f := range []*figures.Figure{linkUse(r), lateness(r), hostLoad(r)} {
		d.add(f, f.Name, 0, "", lines(f, ""), func(string) {})
	}
	if r.Topology != nil {
		d.topology(r)
	}
	return d
}

// add takes a figure in if it can be drawn: without data it cannot.
func (d *drawings) add(f figures.Drawing, id string, e int, engine string, c chart, rename func(string)) {
	svg, err := f.Render("svg")
	if err != nil {
		return
	}
	if e > 0 {
		rename(id + "-" + fileWord(engine, e))
	}
	d.files = append(d.files, f)
	if known := d.charts[id]; known != nil {
		known.with(c)
		return
	}
	d.charts[id], d.static[id] = &c, html.SVG(string(svg))
}
