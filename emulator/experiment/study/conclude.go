package study

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"testbed/emulator/campaign"
	paper "testbed/emulator/campaign/study"
	"testbed/emulator/catalogue"
	"testbed/emulator/experiment"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/report/figures"
	"testbed/emulator/report/html"
	"testbed/emulator/report/run"
	"testbed/emulator/resolved"
)

// StatementsFile is what the study states in words, judged by each engine.
const StatementsFile = "statements.md"

// Conclusion is what came of a study. Fill it by Each; it is whole when Present has been called.
type Conclusion struct {
	Statements []paper.Judgement `json:"statements"`
	Causes     []Cause           `json:"causes"` // at the largest load, under the policy of figures 5 and 6
	Files      []string          `json:"files"`

	spec   campaign.Spec
	cells  *experiment.Spec
	dir    string
	looks  *catalogue.Catalogue
	rows   *Rows
	causes *causes
	failed error
}

// NewConclusion is for the experiment in a directory.
func NewConclusion(
	dir string, spec campaign.Spec, cells *experiment.Spec, looks *catalogue.Catalogue,
) *Conclusion {
	return &Conclusion{Statements: []paper.Judgement{}, Causes: []Cause{}, Files: []string{},
		spec: spec, cells: cells, dir: dir, looks: looks, rows: NewRows(spec, cells.Engines), causes: newCauses()}
}

// Each takes a finished cell's rows, and what its run's directory says of links and causes.
func (c *Conclusion) Each(cell *experiment.Cell, r *experiment.Result) error {
	of := Load{Jobs: int(cell.Values[0].Number), Repetition: cell.Repetition}
	var err error
	if of.Traffic, err = c.traffic(cell); err != nil {
		return err
	}
	if r.Run != "" {
		var measured *run.Run
		path, err := runOf(c.dir, r.Run)
		if err == nil {
			measured, err = run.Read(path, c.looks)
		}
		if err != nil {
			c.failed = errors.Join(c.failed, err) // its latencies are in the journal all the same
		} else {
			of.Overhead = onWire(measured, r.Attempted)
			if load, policy := c.spec.Ranked(); of.Jobs == load && cell.Levels[1] == string(policy) {
				c.causes.add(measured)
			}
		}
	}
	c.rows.Add(&of, r.Chains)
	return nil
}

// runOf is the directory of a run of the experiment in a directory, which may be somebody else's: a link there would
// lead to a run of another's, whose figures would be this one's for everybody to read.
func runOf(dir, name string) (path string, err error) {
	path = dir
	for _, part := range []string{experiment.RunsDir, name} {
		path = filepath.Join(path, part)
		info, err := os.Lstat(path)
		if err != nil {
			return "", err
		}
		if !info.IsDir() {
			return "", fmt.Errorf("%s is no directory of the experiment's: put the run itself there", path)
		}
	}
	return path, nil
}

// traffic is by model the mean of all jobs of a cell, payload times links, of whom only some were carried out.
func (c *Conclusion) traffic(cell *experiment.Cell) (map[string]float64, error) {
	sc, err := c.cells.Scenario(cell, c.looks)
	if err != nil {
		return nil, err
	}
	e, err := resolved.Prepare(sc)
	if err != nil {
		return nil, err
	}
	means, hops := map[string]float64{}, e.HopCounter()
	for _, m := range e.Models {
		plans, err := e.Plans(m, e.Access())
		if err != nil {
			return nil, err
		}
		sum := 0.0
		for _, p := range plans {
			sum += float64(p.Traffic(hops))
		}
		means[string(m)] = sum / float64(max(len(plans), 1))
	}
	return means, nil
}

// onWire is by model how many bytes crossed all links, by their counters, for each byte of payload times links of the
// chains that were carried out: headers, acknowledgements and what was sent again. None where a model's are not known,
// which models without them could not be held against.
func onWire(r *run.Run, attempted map[string]int64) map[string]float64 {
	factors := map[string]float64{}
	for model, sent := range r.Load.Wire {
		if planned := attempted[model]; len(sent) > 0 && planned > 0 {
			factors[model] = sent[len(sent)-1].Bytes / float64(planned)
		}
	}
	if len(factors) < len(attempted) {
		return nil
	}
	return factors
}

// Present judges and draws, into the directory of figures and the file of statements beside it, and gives the sections
// of a page.
func (c *Conclusion) Present(dir, sub *outdir.Dir) ([]html.Section, error) {
	engines := c.rows.Engines()
	if len(engines) == 0 {
		return nil, c.failed
	}
	c.Statements, c.Causes = paper.Judge(engines), c.causes.largest()
	shown := html.Section{ID: "study", Title: "The study's figures, by each engine"}
	errs := []error{c.failed}
	for _, f := range paper.Overlay(engines, c.looks) {
		svg, err := f.Render("svg")
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.Name, err))
			continue
		}
		files, err := figures.Write(sub, f)
		c.Files, errs = append(c.Files, files...), append(errs, err)
		shown.Figures = append(shown.Figures, html.Figure{ID: f.Name, Title: f.Title, Static: html.SVG(string(svg)),
			Caption: "Means over seeds; their intervals of 95 % are in the points' files. Traffic is payload times links. " +
				"What was measured has in it what the links' counters say of headers, acknowledgements and repetitions, where a " +
				"run was long enough for them to tell all models apart.",
		})
	}
	var text bytes.Buffer
	errs = append(errs, paper.WriteJudgements(&text, c.Statements))
	if reasons := sentences(c.Causes); len(reasons) > 0 {
		text.WriteString("\n**From what the engines' differences arise** (largest load)\n\n- " +
			strings.Join(reasons, "\n- ") + "\n")
	}
	errs = append(errs, dir.WriteFile(StatementsFile, text.Bytes()))
	c.Files = append(c.Files, filepath.Join(dir.Path(), StatementsFile))
	return []html.Section{c.judged(), shown}, errors.Join(errs...)
}

// judged is the table of statements and engines.
func (c *Conclusion) judged() html.Section {
	t := html.Table{ID: "statements", Caption: "What the study states, judged by each engine",
		Columns: []html.Column{{Name: "the study states"}},
		Note:    "Criteria and thresholds are ours; " + StatementsFile + " has them with all numbers."}
	for _, s := range c.Statements[0].By {
		t.Columns = append(t.Columns, html.Column{Name: s.Engine})
	}
	for _, j := range c.Statements {
		row := []string{j.Claim}
		for _, s := range j.By {
			row = append(row, s.Verdict())
		}
		t.Rows = append(t.Rows, row)
	}
	section := html.Section{ID: "judged", Title: "The study's statements", Tables: []html.Table{t}}
	if reasons := sentences(c.Causes); len(reasons) > 0 {
		section.Words = []html.Words{{Title: "From what the engines' differences arise, at the largest load", Items: reasons}}
	}
	return section
}
