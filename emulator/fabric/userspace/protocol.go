package userspace

import (
	"testbed/emulator/fabric"
	"testbed/emulator/health"
)

// Operations that a client requests.
const (
	opApply   = "apply" // makes the network
	opAlter   = "alter" // changes its state
	opInspect = "inspect"
	opHealth  = "health"
	opWatch   = "watch" // is answered when a station is lost
	opTap     = "tap"   // is answered, and packets follow
)

// protocol is the version of requests and replies. A process of another one refuses.
const protocol = 7

// request is what a client asks of the process.
type request struct {
	Protocol int
	Op       string
	Network  []byte       // as by fabric.Network.Encode
	State    *state       // for opAlter
	Bare     bool         // nothing is to be looked at in the stations' namespaces, by opAlter and opInspect
	Since    uint64       // number of the first spell that opHealth is to tell of
	Each     bool         // opHealth is to tell of each station as well
	Part     *partRequest // to opApply: what this machine carries of the network; nil: all
	Tap      *tapRequest  // to opTap
	Depends  bool         // the process is to end with the parent that asks this by opApply
}

// reply is what the process answers to a request.
type reply struct {
	Err     string
	Differs bool     // to opAlter: in more than its state, so that nothing was done
	Lost    bool     // to opWatch: Err is about a station
	Absent  []string // stations whose namespace is not there
	Status  fabric.Status
	Stats   Stats
	Health  health.Health
}
