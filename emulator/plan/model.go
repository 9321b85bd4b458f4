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

// Models are all execution models that a plan can be built for, in the study's order.
var Models = []Model{External, InEdge, InFunction, InClient}

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
	case InFunction:
		return Local, worker
	case InClient:
		return Carried, client
	}
	panic("plan: no such model: " + string(m))
}
