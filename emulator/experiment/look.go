package experiment

import (
	"errors"
	"io/fs"

	"testbed/emulator/internal/outdir"
)

// Forecast is what is left to be done of an experiment.
type Forecast struct {
	Found    map[string]bool // by cell's ID: what is finished
	Seconds  float64         // that the rest takes, by an estimate
	Measured bool            // the estimate has what cells took before, and not only what is usual
}

// Look says what is left to be done of the cells, given the directory, which need not be there; empty: there is none.
// It changes nothing.
func Look(dir string, s *Spec, cells []*Cell, workers int) (*Forecast, error) {
	r := &results{}
	if dir != "" {
		opened, err := outdir.Open(dir)
		if err == nil {
			var found *results
			if found, err = lookAtResults(opened, s, cells); found != nil {
				r = found
				err = errors.Join(err, found.file.Close())
			}
			err = errors.Join(err, opened.Close())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	f := &Forecast{Found: map[string]bool{}, Measured: r.took.measured.n+r.took.fresh.n+r.took.predicted.n > 0}
	var todo []*Cell
	for _, c := range cells {
		if len(r.missing(c.ID, s.Engines)) == 0 {
			f.Found[c.ID] = true
		} else {
			todo = append(todo, c)
		}
	}
	f.Seconds = r.took.estimate(todo, s.Emulates(), workers)
	return f, nil
}
