package outsider

import (
	"context"
	"fmt"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/dispatch"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/predict/transport"
	"testbed/emulator/replay"
	"testbed/emulator/topology"
)

// models has one in which states travel with every invocation.
func models() catalogue.Section {
	return plan.Rules.Of(catalogue.Entry[plan.Rule]{
		Description: catalogue.Description{
			Name: Model, About: "states are always on their way", Look: catalogue.Look{Colour: Colour, Symbol: catalogue.Star},
		},
		Does: plan.Rule{Model: Model, Locate: func(client, _ topology.ID, _ plan.Sites) (plan.Location, topology.ID) {
			return plan.Carried, client
		}},
	})
}

// policies has one that takes the node whose name is the nth.
func policies() catalogue.Section {
	return placement.Rules.Of(catalogue.Entry[placement.Rule]{
		Description: catalogue.Description{
			Name: Policy, About: "the nth by name",
			Options: []catalogue.Option{
				{Name: "nth", About: "Which of the names", Unit: catalogue.Count, Default: 1, Min: 1, Max: 9},
			},
		},
		Does: placement.Rule{
			Policy: Policy,
			Choose: func(options catalogue.Values, _ placement.Task, all []placement.Candidate) int {
				return min(int(options.Of("nth")), len(all)) - 1
			},
		},
	})
}

// dispatchers has one that draws three workers.
func dispatchers() catalogue.Section {
	return dispatch.Rules.Of(catalogue.Entry[dispatch.Rule]{
		Description: catalogue.Description{
			Name: Dispatcher, About: "of three workers the one with fewest invocations under way", Takes: []string{"seed"},
			Options: []catalogue.Option{dispatch.Forgetting},
		},
		Does: dispatch.Rule{Sample: 3, Cost: dispatch.Outstanding},
	})
}

// oracle says what the transport model says, by another name.
type oracle struct{ predict.Engine }

func (oracle) Name() string { return Predictor }

func (o oracle) Predict(plans []*plan.Plan) ([]predict.Prediction, error) {
	all, err := o.Engine.Predict(plans)
	for i := range all {
		all[i].Engine = Predictor
	}
	return all, err
}

func predictors() catalogue.Section {
	return predict.Predictors.Of(catalogue.Entry[predict.Predictor]{
		Description: catalogue.Description{Name: Predictor, About: "what the oracle says", Look: catalogue.Look{Open: true}},
		Does: predict.Predictor{New: func(s predict.Setting) (predict.Engine, error) {
			engine, err := transport.New(s.Topology, s.Speed, transport.OptionsOf(s))
			return oracle{engine}, err
		}},
	})
}

// bursts begins chains in groups, a tenth of a second apart.
type bursts struct{ size int }

func (b bursts) String() string   { return fmt.Sprintf("bursts of %d", b.size) }
func (b bursts) Connections() int { return b.size }

func (b bursts) Alone() bool { return b.size <= 1 }

func (b bursts) Alive(jobs []int, _ func([]float64) int) int { return min(b.size, len(jobs)) }

func (b bursts) Drive(ctx context.Context, jobs []int, start func(context.Context, int, time.Time)) {
	due := make([]time.Duration, len(jobs))
	for i := range due {
		due[i] = time.Duration(i/b.size) * 100 * time.Millisecond
	}
	replay.OpenLoop(ctx, due, start)
}

func arrivals() catalogue.Section {
	return replay.Processes.Of(catalogue.Entry[replay.Process]{
		Description: catalogue.Description{
			Name: Arrival, About: "in groups",
			Options: []catalogue.Option{
				{Name: "size", About: "Chains of a group", Unit: catalogue.Count, Default: 2, Min: 1, Max: 50},
			},
		},
		Does: replay.Process{New: func(s replay.Settings) replay.Arrival { return bursts{int(s.Options.Of("size"))} }},
	})
}
