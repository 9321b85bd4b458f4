package predict

import (
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Predictors is the kind of the catalogue's predictors. The first is the one that emulation should agree with: it tells
// the parts of a measured transfer from its queueing.
var Predictors = catalogue.NewKind[Predictor](catalogue.Predictors)

// Predictor makes an engine.
type Predictor struct {
	New func(Setting) (Engine, error)
	// Campaigns says whether simulate runs it in campaigns of many replications, instead of on a scenario's own jobs.
	Campaigns bool
}

// Setting is what an engine may know of a testbed. A predictor takes what its model has a place for.
type Setting struct {
	Topology *topology.Topology
	Speed    func(topology.ID) float64 // operations/s of a node

	Overhead      time.Duration  // of every invocation, as calibrated
	PerMessage    time.Duration  // of every message beside the packets' way, as calibrated
	CopyRate      units.BitRate  // at which a node hands a state to its own function, as calibrated; 0: at once
	ReceiveWindow units.ByteSize // of TCP
	IdleRestart   bool           // an idle connection starts slowly again
	Fresh         bool           // each chain begins with connections that none has used
	IPv6          bool           // messages go over it, with longer headers
	Bursts        units.BitRate  // the lowest rate at which links leave a sender's bursts together; 0: none does
	Connections   int            // opened beforehand between two nodes; 0: as many as are used at a time; negative: none

	Arrivals Arrivals // when chains begin
	Compute  Compute
	Moves    []Move // of stateful instances, in the order of time

	Outages []Outage // of hosts, in the order of time

	Starts Starts // of programs that stand by on nodes to which stateful instances may move

	Rewirings []Rewiring // of the network, in the order of time

	Rebalance *Rebalance // moves them as well; nil: nothing does

	Linearize bool // predictors that know nothing but chains take a DAG's tasks one after the other
}
