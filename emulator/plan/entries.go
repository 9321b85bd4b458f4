package plan

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/topology"
)

// Section is this package's part of the catalogue: the study's four models and the published simulator's other three.
func Section() catalogue.Section { return Rules.Of(entries...) }

var entries = []catalogue.Entry[Rule]{
	entry(Rule{Model: External, Cloud: true, Default: true, Locate: inCloud}, "states are in a repository in the cloud",
		catalogue.Look{Colour: catalogue.Vermillion}),
	entry(Rule{Model: InEdge, Default: true, Locate: atCentral},
		"states are in a repository on the edge network's central node",
		catalogue.Look{Colour: catalogue.Blue, Symbol: catalogue.Square, Dash: []float64{5, 1.5}}),
	entry(Rule{Model: InFunction, Default: true, Locate: atWorker},
		"states are in the worker that executes the function",
		catalogue.Look{Colour: catalogue.Green, Symbol: catalogue.Triangle, Dash: []float64{1.5, 1.5}}),
	entry(Rule{Model: InClient, Default: true, Locate: atClient},
		"states are with the client, which sends them along and takes them back",
		catalogue.Look{Colour: catalogue.Purple, Symbol: catalogue.Diamond, Dash: []float64{6, 1.5, 1.5, 1.5}}),
	entry(Rule{Model: PureFaaS, Locate: atClient, Idle: true},
		"states are with the client, and every invocation carries all of the job's",
		catalogue.Look{Colour: catalogue.Orange, Symbol: catalogue.Down, Dash: []float64{3, 1.5}}),
	entry(Rule{Model: StatePropagate, Chained: propagate},
		"all states of the job go from worker to worker with the invocation",
		catalogue.Look{Colour: catalogue.SkyBlue, Symbol: catalogue.Pentagon, Dash: []float64{8, 2}}),
	entry(Rule{Model: StateLocal, Chained: local},
		"each state stays where it was used last, and is fetched from there",
		catalogue.Look{Colour: catalogue.Black, Symbol: catalogue.Star, Dash: []float64{1, 1}}),
}

func entry(r Rule, about string, look catalogue.Look) catalogue.Entry[Rule] {
	return catalogue.Entry[Rule]{
		Description: catalogue.Description{Name: string(r.Model), About: about, Look: look}, Does: r,
	}
}

func inCloud(_, _ topology.ID, sites Sites) (Location, topology.ID) { return Repository, sites.Cloud }
func atCentral(_, _ topology.ID, sites Sites) (Location, topology.ID) {
	return Repository, sites.Central
}
func atWorker(_, worker topology.ID, _ Sites) (Location, topology.ID) { return Local, worker }
func atClient(client, _ topology.ID, _ Sites) (Location, topology.ID) { return Carried, client }
