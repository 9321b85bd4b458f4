package plan

import (
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/topology"
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

// Models are all execution models that a plan can be built for: the study's four in its order, then the rest.
var Models = []Model{External, InEdge, InFunction, InClient, PureFaaS, StatePropagate, StateLocal}

// Study are the four execution models that the study compares.
var Study = []Model{External, InEdge, InFunction, InClient}

// Emulated says whether the FaaS can carry out the model's plans: in the models in which one worker
// calls the next it cannot.
func (m Model) Emulated() bool { return m != StatePropagate && m != StateLocal }

// ParseModel finds a model by name.
func ParseModel(s string) (Model, error) {
	if m := Model(strings.ToLower(s)); slices.Contains(Models, m) {
		return m, nil
	}
	return "", fmt.Errorf("unknown execution model %q; write one of %v", s, Models)
}

// Sites are the places that models refer to.
type Sites struct {
	Cloud   topology.ID
	Central topology.ID
}

// locate is the whole of what distinguishes the models: where an invocation finds its states.
func (m Model) locate(client, worker topology.ID, sites Sites) (Location, topology.ID) {
	switch m {
	case External:
		return Repository, sites.Cloud
	case InEdge:
		return Repository, sites.Central
	case InClient, PureFaaS:
		return Carried, client
	}
	return Local, worker // the chained models say for themselves which bytes travel
}
