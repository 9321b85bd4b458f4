// Package report makes of a run's directory what people look at: one self-contained page, and figures
// that are ready for print. It needs nothing but the directory, says what is missing in it, and takes the
// same time for a run of any length, but for reading it.
package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
// and the figures below dir. It fails where dir has no manifest or something cannot be written; what else
// a run may lack is said on the page.
func Write(dir, page string) (*Result, error) {
	r, err := run.Read(dir)
	if err != nil {
		return nil, err
	}
	if page == "" {
		page = filepath.Join(dir, PageFile)
	}
	drawn := draw(r)
	result := &Result{Page: page, Missing: r.Missing}
	var errs []error
	for _, d := range drawn.files {
		files, err := figures.Write(filepath.Join(dir, FiguresDir), d)
		result.Figures, errs = append(result.Figures, files...), append(errs, err)
	}
	result.Size, err = writePage(page, present(r, drawn))
	return result, errors.Join(append(errs, err)...)
}

// writePage replaces the file at once, so that there is a whole page or none.
func writePage(path string, p *html.Page) (int64, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".")
	if err != nil {
		return 0, fmt.Errorf("report: %w", err)
	}
	defer os.Remove(f.Name()) // gone after the renaming
	err = errors.Join(html.Write(f, p), f.Chmod(0o644))
	size := int64(0)
	if info, failed := f.Stat(); failed == nil {
		size = info.Size()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return size, os.Rename(f.Name(), path)
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
			d.add(f, f.Name, e, engine, lines(f, engine), func(name string) { f.Name = name })
		}
		s, grouped := scatter(r, e)
		d.grouped = d.grouped || grouped
		d.add(s, s.Name, e, engine, dots(s, engine), func(name string) { s.Name = name })
		if report := r.Report(engine); report != nil {
			f, p := byLength(report), parts(report)
			d.add(f, f.Name, e, engine, lines(f, engine), func(name string) { f.Name = name })
			d.add(p, p.Name, e, engine, bars(p, engine), func(name string) { p.Name = name })
		}
	}
	for _, f := range []*figures.Figure{linkUse(r), hostLoad(r)} {
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
