package dispatch

import (
	"time"

	"testbed/emulator/catalogue"
)

// Rules is the kind of the catalogue's dispatchers.
var Rules = catalogue.NewKind[Rule](catalogue.Dispatchers)

// Rule is how a dispatcher picks. It is data, so that agents are told it and need no catalogue.
type Rule struct {
	Fixed  bool `json:"fixed,omitempty"`  // nothing is picked: placement has
	Sample int  `json:"sample,omitempty"` // so many candidates are drawn and compared; 0: all of them
	Cost   Cost `json:"cost,omitempty"`
}

// Cost is what the candidates are compared by. Of those of one cost, the one that was picked longest ago is picked.
type Cost string

// The costs.
const (
	None Cost = "" // all cost the same
	// Outstanding is the number of invocations under way at the worker: the client's own, and those of others that the
	// worker told of when it responded last, exponentially forgotten.
	Outstanding Cost = "outstanding"
	// Latency is how long the client's invocations there took, exponentially forgotten, times those of its own that are
	// under way, the one that begins included.
	Latency Cost = "latency"
)

// Valid says whether the rule is one that New can carry out.
func (r Rule) Valid() bool {
	return r.Sample >= 0 && (r.Cost == None || r.Cost == Outstanding || r.Cost == Latency)
}

// Names of entries and of options that others ask for.
const (
	Fixed    = "fixed"
	halfLife = "half-life"
)

// Of is a rule with what was chosen for its options.
func (r Rule) Of(options catalogue.Values, seed uint64) Choice {
	return Choice{Rule: r, HalfLife: time.Duration(options.Of(halfLife) * float64(time.Second)), Seed: seed}
}

// Forgetting is the option of dispatchers that go by what they have measured.
var Forgetting = catalogue.Option{
	Name: halfLife, About: "After so long half of what was measured is forgotten", Unit: catalogue.Seconds,
	Default: 1, Min: 0.001, Max: 3600,
}

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	forgetting := []catalogue.Option{Forgetting}
	return Rules.Of(
		entry(Rule{Fixed: true}, Fixed, "the worker that placement has chosen beforehand",
			catalogue.Look{Colour: catalogue.Vermillion}),
		entry(Rule{}, "round-robin", "one worker after the other",
			catalogue.Look{Colour: catalogue.Orange, Symbol: catalogue.Square, Dash: []float64{5, 1.5}}),
		catalogue.Entry[Rule]{
			Description: catalogue.Description{Name: "least-outstanding", Options: forgetting,
				About: "the worker with the fewest invocations under way, as far as the client knows",
				Look:  catalogue.Look{Colour: catalogue.Blue, Symbol: catalogue.Triangle, Dash: []float64{1.5, 1.5}}},
			Does: Rule{Cost: Outstanding},
		},
		catalogue.Entry[Rule]{
			Description: catalogue.Description{Name: "least-latency", Options: forgetting,
				About: "the worker from which a response is expected first, by how long those before took",
				Look:  catalogue.Look{Colour: catalogue.Green, Symbol: catalogue.Diamond, Dash: []float64{6, 1.5, 1.5, 1.5}}},
			Does: Rule{Cost: Latency},
		},
		catalogue.Entry[Rule]{
			Description: catalogue.Description{Name: "two-choices", Options: forgetting, Takes: []string{"seed"},
				About: "of two workers drawn at random the one with fewer invocations under way",
				Look:  catalogue.Look{Colour: catalogue.Purple, Symbol: catalogue.Down, Dash: []float64{3, 1.5}}},
			Does: Rule{Sample: 2, Cost: Outstanding},
		},
	)
}

func entry(r Rule, name, about string, look catalogue.Look) catalogue.Entry[Rule] {
	return catalogue.Entry[Rule]{Description: catalogue.Description{Name: name, About: about, Look: look}, Does: r}
}
