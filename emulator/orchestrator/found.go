package orchestrator

import (
	"fmt"
	"reflect"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// Found is a testbed's network as a run finds it, and in what it is not as the testbed's scenario says.
type Found struct {
	Network fabric.Network // below the run's events
	Changed []string       // in words: what links are like otherwise, of very many the first; none: all are as they were
	Silent  []string       // what carries nothing, or reaches nobody, that does so by the scenario
	By      []string       // who has changed the network since it was as the scenario says, as far as is remembered
}

// mostBy bounds Found.By; the latest are named.
const mostBy = 10

// foundIn compares the network that a scenario made with the one that there is.
func foundIn(was, now snapshot) Found {
	f := Found{Network: now.network, Silent: silenced(was.network, now.network)}
	a, b := was.network, now.network
	a.Down, b.Down = nil, nil // told of by Silent, where hosts and switches are as well
	f.Changed = describe(a, b)
	if len(f.Changed)+len(f.Silent) == 0 {
		return f
	}
	for _, c := range now.Changes {
		if c.Revision > was.Revision && c.Load == "" && !slices.Contains(f.By, c.Origin) {
			f.By = append(f.By, c.Origin)
		}
	}
	f.By = f.By[max(0, len(f.By)-mostBy):]
	return f
}

// silenced says what carries packets in one network and does not in another.
func silenced(was, now fabric.Network) (all []string) {
	for _, id := range now.Down {
		if v := &now.Topology.Vertices[id]; !slices.Contains(was.Down, id) {
			all = append(all, fmt.Sprintf("%s %s is down", v.Kind, v.Name))
		}
	}
	if same := reflect.DeepEqual(grouped(was.Partition), grouped(now.Partition)); !same {
		all = append(all, "hosts are parted from one another")
	}
	return all
}

// grouped is a partition in one order.
func grouped(partition [][]topology.ID) [][]topology.ID { return fabric.Intersect(nil, partition) }
