package simnet

import (
	"fmt"
	"slices"

	"testbed/emulator/topology"
)

// centralProbe is the number of bytes whose transfer time decides which host is central.
const centralProbe = 1000

// Central is the host with the smallest worst-case, over all hosts, of the larger of both directions'
// transfer times of 1000 bytes; the first in the order of names wins a tie. topology.Central is the
// same over the paths that packets take; on directed links this network's differ. The hosts excluded
// count for nothing.
func (n *Network) Central(exclude ...topology.ID) (topology.ID, error) {
	all, err := n.Centrals(exclude...)
	if err != nil {
		return 0, err
	}
	return all[0], nil
}

// Centrals are all hosts that tie for being central, in the order of names.
func (n *Network) Centrals(exclude ...topology.ID) ([]topology.ID, error) {
	excluded := func(id topology.ID) bool { return slices.Contains(exclude, id) }
	hosts := slices.DeleteFunc(n.topology.ByName(n.hosts), excluded)
	if len(hosts) == 0 {
		return nil, topology.ErrNoHosts
	}
	rows := make([]int32, len(hosts))
	for i, id := range hosts {
		rows[i] = n.row[id]
	}
	var times []float64 // times[class]
	worst := make([]float64, len(hosts))
	for d := range hosts {
		for s := range hosts {
			class := n.class(rows[s], rows[d])
			if class == None {
				return nil, fmt.Errorf("central node: there is no path from %s to %s",
					n.topology.Vertices[hosts[s]].Name, n.topology.Vertices[hosts[d]].Name)
			}
			for int(class) >= len(times) {
				times = append(times, n.Time(Class(len(times)), centralProbe))
			}
			worst[s], worst[d] = max(worst[s], times[class]), max(worst[d], times[class])
		}
	}
	least := slices.Min(worst)
	var central []topology.ID
	for i, w := range worst {
		if w == least {
			central = append(central, hosts[i])
		}
	}
	return central, nil
}
