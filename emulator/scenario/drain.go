package scenario

import (
	"fmt"
	"time"

	"testbed/emulator/topology"
)

// Drain says how the stateful instances on a node leave it before it goes down.
type Drain struct {
	// How long before the node goes down they begin to move, one after the other, such as 5s. What has not moved by then
	// stays on the node, and the run says so.
	Within time.Duration `yaml:"within,short,required" min:"1ms" max:"24h"`
	// Names of the hosts that they may go to; of several that one is taken from which their client is the least delay
	// away, and which is not down itself. Absent: the hosts that may execute functions (placement.hosts) and have the
	// node's kind of processor.
	To []string `yaml:"to,names,single" min:"1" max:"1000" pattern:"node"`
	// How they move: stop-and-copy holds their invocations until all states are there; pre-copy copies them in rounds
	// while invocations go on, and holds these for the last round.
	Method string `yaml:"method" default:"stop-and-copy" enum:"stop-and-copy|pre-copy"`
	// Rounds of pre-copy that copy while invocations go on, at most.
	Rounds int `yaml:"rounds" default:"8" min:"1" max:"64" when:"method=pre-copy"`
}

// checkDrain finds what is wrong with a drain by itself.
func (d *decoder) checkDrain(e *Event, path string) {
	switch {
	case e.Drain == nil || d.failed(path):
	case !e.Down:
		d.failAt(path, "add down, or remove it", "a node is drained before it goes down, and this one does not")
	case e.Begin() < e.Drain.Within:
		d.failAt(join(path, "within"), fmt.Sprintf("write at most %v, or let the node go down later", e.Begin()),
			"it would begin %v before the model's chains", e.Drain.Within-e.Begin())
	}
}

// checkDrainNames holds a drain's names, and those of what is drained, against what there is.
func (d *decoder) checkDrainNames(f *File, e *Event, path string, n vocabulary) {
	if e.Drain == nil {
		return
	}
	hosts := f.agents(n)
	to := join(path, "drain.to")
	d.checkNameList(e.Drain.To, to, func(name, here string) {
		if !hosts[name] && !d.uncertain("nodes", name) {
			d.failAt(here, suggest(name, keys(hosts)), "there is no host with an agent of the name %q", name)
		}
	})
	for _, name := range e.Node {
		if _, known := n.nodes[name]; known && !hosts[name] {
			d.failAt(join(path, "drain"), "remove it", "%s is no host with an agent, and has no instances", name)
		}
	}
}

// agents are the names of the hosts that have one.
func (f *File) agents(n vocabulary) map[string]bool {
	hosts := map[string]bool{}
	for _, v := range n.hosts {
		if _, agent := f.imageOf(v); agent && v.Kind == topology.Host {
			hosts[v.Name] = true
		}
	}
	return hosts
}
