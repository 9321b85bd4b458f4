// Package resolved works out what a scenario means, without touching the operating system: the
// topology, the jobs, their placement, and a plan of each job for each execution model. Prediction and
// emulation both start from it, and so speak of the same steps.
package resolved

import (
	"math"
	"slices"
	"strings"

	"testbed/emulator/events"
	"testbed/emulator/faas/instance"
	"testbed/emulator/placement"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/replay"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/workload"
)

// Scenario is a scenario worked out.
type Scenario struct {
	Source    *scenario.Scenario
	Topology  *topology.Topology
	Jobs      []workload.Job
	Sample    []workload.Drawn // those that are replayed, in their order
	Notes     []string         // what a user should know of what was read, such as malformed rows left out
	Placement *placement.Placement
	Speeds    map[topology.ID]float32 // operations/s of every host
	Models    []plan.Model            // in the scenario's order
	Sites     plan.Sites
	Keepers   []topology.ID   // nodes that are repositories, of the models in Models
	Agentless []topology.ID   // hosts without an agent, the cloud last: no task, state or job is there
	Arrival   replay.Arrival  // when chains begin
	Moments   []events.Moment // what the scenario's events make of the network, in the order of time
	Moves     []Move          // of stateful instances, by events, in the order of time

	rules    map[plan.Model]plan.Rule         // of Models
	starts   map[string]instance.Distribution // of programs, by function, as the profile tells
	standby  predict.Starts                   // likewise, of those that are always warm
	trace    workload.Trace                   // for messages
	demanded *demanded                        // see demands
	base     *topology.Topology               // see Base; nil: Topology
}

// HasAgent says whether a host, or the cloud, has an agent.
func (e *Scenario) HasAgent(id topology.ID) bool {
	return e.Topology.Vertices[id].Kind.Attached() && !slices.Contains(e.Agentless, id)
}

// Prepare works a scenario out. It fails where the scenario's files cannot be read, a client or a place
// for a task is missing, or no job is left.
func Prepare(s *scenario.Scenario) (*Scenario, error) {
	e := &Scenario{Source: s, demanded: new(demanded)}
	var err error
	if e.Topology, err = s.Topology(); err != nil {
		return nil, err
	}
	set, err := s.Jobs()
	if err != nil {
		return nil, err
	}
	e.Jobs, e.Notes, e.trace = set.Jobs, set.Notes, set.Trace
	e.Sample = workload.Sample(e.Jobs, s.Replay.Chains, *s.Workload.Seed)
	e.Agentless = s.Agentless(e.Topology)
	if e.Moments, err = events.Compile(e.Topology, s.Events); err != nil {
		return nil, e.faultsOf(err)
	}
	if e.Arrival, err = e.arrival(); err != nil {
		err = e.at("replay.arrival", err)
	} else {
		err = e.checkRearranged()
	}
	if err == nil {
		err = e.checkPrograms()
	}
	if err == nil {
		err = e.locate()
	}
	if err == nil {
		e.Moves, err = e.moves(s.Events)
	}
	if err != nil {
		return nil, err
	}
	e.Notes = append(append(append(e.Notes, e.lost()...), e.notesOfDAGs()...), e.notesOfDispatch()...)
	return e, e.measure()
}

// lost are notes of what the file of an imported network has, and the scenario's network has not.
func (e *Scenario) lost() (notes []string) {
	if e.Source.File.Topology.Imported == nil {
		return nil
	}
	made, err := e.Source.Import()
	if err != nil {
		return nil // which was said when the scenario was read
	}
	for _, note := range made.Notes {
		if strings.HasPrefix(note, "left out") || strings.HasPrefix(note, network.NotTaken) {
			notes = append(notes, "topology.import: "+note)
		}
	}
	return notes
}

// locate fixes sites, speeds and the placement.
func (e *Scenario) locate() error {
	e.rules = map[plan.Model]plan.Rule{}
	for _, name := range e.Source.Models {
		rule, err := plan.Rules.Find(e.Source.Catalogue(), name)
		if err == nil {
			rule, err = rule.Orchestrated(plan.Orchestration(e.Source.Orchestration))
		}
		if err != nil {
			return e.at(e.modelPath(plan.Model(name)), err)
		}
		e.Models, e.rules[rule.Model] = append(e.Models, rule.Model), rule
	}
	policy, err := placement.Rules.Find(e.Source.Catalogue(), e.Source.Placement.Policy)
	if err != nil {
		return e.at("placement.policy", err)
	}
	policy.Values = e.Source.Placement.Options
	network := simnet.New(e.Topology)
	if e.Sites.Central, err = network.Central(e.Agentless...); err != nil {
		return e.at("topology", err)
	}
	cloud, ok := e.Topology.Cloud()
	if !ok {
		cloud = -1
	}
	e.Sites.Cloud = cloud
	if err := e.locateStates(network); err != nil {
		return err
	}
	speed := placement.SpeedModel(e.Source.Placement.Speed)
	if e.Speeds, err = placement.Speeds(e.Topology, speed); err != nil {
		return e.at("placement.speed", err)
	}
	clients, functions := e.Source.Clients(e.Topology), e.Source.Workload.Functions
	if e.Source.Workload.Written() {
		functions = 0 // those that the tasks name
	}
	e.Placement, err = placement.Place(e.Jobs, network, placement.Options{
		Topology: e.Topology, Seed: *e.Source.Workload.Seed, Rule: policy,
		Speed: speed, Clients: clients, Nodes: e.Source.Executors(e.Topology), Exclude: e.Agentless,
		Functions: functions,
	})
	return e.at("placement", err)
}

// Plans are the jobs' plans under a model, in the order of the jobs. It fails where the model needs a
// cloud and there is none.
func (e *Scenario) Plans(m plan.Model, access plan.StateAccess) ([]*plan.Plan, error) {
	rule, err := e.rule(m)
	if err != nil {
		return nil, err
	}
	if rule.Cloud && e.Sites.Cloud < 0 {
		return nil, e.fault(e.modelPath(m), "add a section cloud or leave the model out",
			"the model %s keeps state in the cloud, and the scenario has none", m)
	}
	plans := make([]*plan.Plan, len(e.Jobs))
	for i := range e.Jobs {
		plans[i] = rule.Build(e.Jobs, i, e.Placement, e.Sites, access)
	}
	if err := e.dispatched(plans); err != nil {
		return nil, err
	}
	if err := e.checkReplicated(m, plans); err != nil {
		return nil, err
	}
	return plans, e.checkLasting(m, plans)
}

// Shares say what the hosts of each class execute of all jobs.
func (e *Scenario) Shares() []placement.Share {
	return e.Placement.Shares(e.Topology, e.Jobs, e.Source.Executors(e.Topology))
}

// Access is who reads and writes the states in repositories.
func (e *Scenario) Access() plan.StateAccess { return plan.StateAccess(e.Source.StateAccess) }

// Chains are the plans of those jobs that are replayed, as the FaaS carries them out, with their weights. It fails as
// Plans does.
func (e *Scenario) Chains(m plan.Model) ([]*plan.Plan, error) {
	all, err := e.Plans(m, e.Access())
	if err != nil {
		return nil, err
	}
	chains := make([]*plan.Plan, len(e.Sample))
	for i, d := range e.Sample {
		chains[i] = all[d.Job]
		chains[i].Weight = d.Weight
	}
	return chains, nil
}

// rule is what an execution model does, which need not be one of the scenario's.
func (e *Scenario) rule(m plan.Model) (plan.Rule, error) {
	rule, known := e.rules[m]
	var err error
	if !known {
		rule, err = plan.Rules.Find(e.Source.Catalogue(), string(m))
	}
	rule.Lives = e.lives()
	return rule, err
}

// Speed is a vertex's speed in operations/s; the cloud, which executes nothing, has an infinite one.
func (e *Scenario) Speed(id topology.ID) float64 {
	if s, ok := e.Speeds[id]; ok {
		return float64(s)
	}
	return math.Inf(1)
}

// HopCounter returns a function that counts the links between two vertices, for a plan's traffic.
func (e *Scenario) HopCounter() func(from, to topology.ID) int {
	trees := map[topology.ID]*topology.Tree{}
	return func(from, to topology.ID) int {
		tree, ok := trees[to]
		if !ok {
			tree = e.Topology.TreeTo(to)
			trees[to] = tree
		}
		hops, _ := tree.Hops(nil, from)
		return len(hops)
	}
}
