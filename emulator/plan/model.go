package plan

import (
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/placement"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// Model is the name of an execution model: where a function's state lives.
type Model string

// The four execution models of the study.
const (
	External   Model = "external"    // in a repository in the cloud
	InEdge     Model = "in-edge"     // in a repository on the edge network's central node
	InFunction Model = "in-function" // in the worker that executes the function
	InClient   Model = "in-client"   // with the client, which sends it along and takes it back
)

// Three more that the published simulator has.
const (
	PureFaaS       Model = "pure-faas"       // with the client; every invocation carries all the job's states
	StatePropagate Model = "state-propagate" // all the job's states go from worker to worker, with the invocation
	StateLocal     Model = "state-local"     // each state stays where it was used last, and is fetched from there
)

// Rules is the kind of the catalogue's execution models.
var Rules = catalogue.NewKind[Rule](catalogue.Models)

// Rule is an execution model: it says which bytes travel. Either the client calls every function itself, and Locate
// says where an invocation finds a state, or workers call each other, and Chained adds the steps.
type Rule struct {
	Model   Model
	Cloud   bool // it keeps state in the cloud: there must be one
	Default bool // it is run where a scenario names no models, if there is what it needs

	// Locate says where an invocation of worker by client finds its states: in the request (Carried), at the worker
	// (Local), or at a node that keeps them (Repository).
	Locate func(client, worker topology.ID, sites Sites) (Location, topology.ID)
	// Idle says whether the states that a function does not touch travel with the argument and the result as well.
	Idle bool
	// Chained adds the steps of a job in which one worker calls the next, with invocations and messages: those without
	// can be predicted only.
	Chained func(b *Builder)

	// Lives are those of functions' instances; nil: all are warm.
	Lives Lives
}

// Build turns the job of the given index into a plan. With ByClient the client reads and writes what is in a
// repository, before its request and after the response, unless workers call each other.
func (r Rule) Build(jobs []workload.Job, index int, place *placement.Placement, sites Sites, access StateAccess) *Plan {
	job := &jobs[index]
	b := Builder{job: job, nodes: place.Node[index], load: place.Load, sites: sites, lives: r.Lives, plan: &Plan{
		Job: job.Name, Index: index, Model: r.Model, Client: place.Client[index],
		Length: job.Length(), StateBytes: job.States, Lasting: job.Lasting, Store: sites.Store,
	}}
	if r.Chained != nil {
		r.Chained(&b)
	} else {
		b.unchained(r, sites, access)
	}
	return b.plan
}

// Models are the execution models of this package: the study's four in its order, then the rest.
var Models = own()

// Study are the four execution models that the study compares.
var Study = []Model{External, InEdge, InFunction, InClient}

func own() []Model {
	var all []Model
	for _, e := range entries {
		all = append(all, e.Does.Model)
	}
	return all
}

// ParseModel finds a model of this package by name.
func ParseModel(s string) (Model, error) {
	if m := Model(strings.ToLower(s)); slices.Contains(Models, m) {
		return m, nil
	}
	return "", fmt.Errorf("unknown %s %q; write one of %v", catalogue.Models, s, Models)
}

// Sites are the places that models refer to.
type Sites struct {
	Cloud   topology.ID
	Central topology.ID
	// Repositories are those of the edge, where there are several; nil: Central is the only one.
	Repositories *Repositories
	Store        *Store // what keeps states at repositories; nil: the agents themselves
}
