// Package compare holds measured chains against predicted ones: how large the error is, for which
// models and lengths it is small enough, from what and in which steps it arises, whether measurement and
// prediction order the execution models alike, and how one run differs from another.
package compare

import (
	"cmp"
	"errors"

	"testbed/emulator/catalogue"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// ErrInput is wrapped by errors about rows that cannot be compared.
var ErrInput = errors.New("not comparable")

// Chain is one chain as measured. Times are in seconds.
type Chain struct {
	Job        string
	Index      int // of the job in its workload; with Model it finds the prediction
	Model      plan.Model
	Policy     string // allocation policy; all rows of one comparison have the same
	Length     int    // number of invocations
	Total      float64
	Network    float64
	Processing float64
	States     int    // states whose version was checked after the chain
	Lost       int    // of them, those whose version was wrong
	Err        string // why the chain failed; such a chain is counted, and not compared

	Start     int64   // its beginning, in ns of a clock that all chains of the run share; 0: not known
	Late      float64 // s that it started after it was due; 0 where it was due at no time
	HostLate  float64 // s, at most what the host, with fabric and nodes, has added to Total; where HostKnown
	HostKnown bool
	Disturbed bool // HostLate is more than the run allows

	Weight float64 // how many jobs it stands for, where it is one of a sample; 0: one

	Picked   int // invocations whose worker was picked when they were made
	Foreseen int // of them, those executed by the worker predicted

	Steps []Step // those measured; may be empty
}

// Step is one step as measured.
type Step struct {
	Index    int       // into the plan's Steps
	Role     plan.Role // what it is for
	Duration float64   // seconds
	Task     int       // of the job
	Begin    float64   // seconds since the chain's begin
	Started  float64   // of a wait for an instance, seconds that this took to start; the rest is its queue
}

// Options are a comparison's parameters.
type Options struct {
	Seed      uint64     // of the bootstrap
	Resamples int        // of the bootstrap; 0: default 10,000
	Within    float64    // what the verdict asks for, a ratio; 0: default 0.1
	Empty     *EmptyCall // what an empty function took; nil: not known
	Alone     bool       // no chain had another in its way, even where they overlapped in time
	// Catalogue gives the order of the models, and the reference where none is named; nil: models are in the order of
	// their names.
	Catalogue *catalogue.Catalogue
	// Reference names the predictor whose parts tell a transfer's causes from its queueing; empty: that of Catalogue.
	Reference string
}

// Reference is the predictor that emulation should agree with: the first of the catalogue; empty: there is none.
func Reference(c *catalogue.Catalogue) string {
	if names := c.Names(catalogue.Predictors); len(names) > 0 {
		return names[0]
	}
	return ""
}

func (o Options) filled() Options {
	if o.Resamples <= 0 {
		o.Resamples = 10_000
	}
	if !(o.Within > 0) {
		o.Within = 0.1
	}
	o.Reference = cmp.Or(o.Reference, Reference(o.Catalogue))
	return o
}

// All pairs every measured chain with the prediction of the same model and index (several measurements of one
// chain are allowed) and returns the statistics, one report for every engine among the predictions, in the order in
// which the engines appear first. Without predictions it returns one report without an engine. It fails with ErrInput
// where an engine predicts a chain twice, where the rows are of several policies, or where a time is negative or not
// a number.
func All(measured []Chain, predicted []predict.Prediction, o Options) ([]*Report, error) {
	c := NewCollector(o)
	for i := range predicted {
		if err := c.Predict(&predicted[i]); err != nil {
			return nil, err
		}
	}
	for i := range measured {
		if err := c.Add(&measured[i]); err != nil {
			return nil, err
		}
	}
	return c.Reports(), nil
}
