package run

import "testbed/emulator/fabric"

// lost is what the host has lost of packets, by whose counters, and what arrived.
type lost struct {
	by      map[string]uint64 // station or link
	arrived uint64            // at stations, whatever the number of queues on their way
}

// lostBy reads the counters.
func lostBy(s fabric.Status) lost {
	l := lost{by: map[string]uint64{}}
	for _, station := range s.Stations {
		l.by[station.Name] += station.Errors
		l.arrived += station.Packets
	}
	for _, q := range s.Queues {
		l.by[q.Link] += q.Errors
	}
	return l
}

// since is what was lost after an earlier reading, with who lost most.
func (l lost) since(earlier lost) (sum uint64, at string) {
	most := uint64(0)
	for name, n := range l.by {
		n -= min(n, earlier.by[name])
		if sum += n; n > most || n == most && n > 0 && name < at {
			most, at = n, name
		}
	}
	return sum, at
}
