package fabric

// Merge puts together what the fabrics of several machines say, each of the queues whose tails it has and of the
// stations that it attaches, as one machine's says it of all: in the order of the network n. Of a queue that several
// tell of, as while a host moves, the counters are added up.
func Merge(n Network, parts ...Status) Status {
	type key struct {
		link string
		dir  int
	}
	queues, stations := map[key]QueueStatus{}, map[string]StationStatus{}
	for _, part := range parts {
		for _, q := range part.Queues {
			k := key{q.Link, q.Dir}
			if had, twice := queues[k]; twice {
				q.add(&had)
			}
			queues[k] = q
		}
		for _, s := range part.Stations {
			if had, twice := stations[s.Name]; twice {
				s.add(&had)
			}
			stations[s.Name] = s
		}
	}
	var all Status
	for _, c := range Channels(n.Topology) {
		if q, there := queues[key{n.Topology.Vertices[c.Link].Name, c.Dir}]; there {
			all.Queues = append(all.Queues, q)
		}
	}
	for _, s := range n.Stations {
		if station, there := stations[n.Topology.Vertices[s.ID].Name]; there {
			all.Stations = append(all.Stations, station)
		}
	}
	return all
}

// add adds another machine's counters.
func (q *QueueStatus) add(o *QueueStatus) {
	q.Packets, q.Bytes = q.Packets+o.Packets, q.Bytes+o.Bytes
	q.Dropped, q.Lost, q.Errors = q.Dropped+o.Dropped, q.Lost+o.Lost, q.Errors+o.Errors
}

func (s *StationStatus) add(o *StationStatus) {
	if o.Attached && !s.Attached {
		s.Attached, s.Note = true, o.Note
	}
	s.Packets += o.Packets
	s.Unreachable, s.Ignored, s.Errors = s.Unreachable+o.Unreachable, s.Ignored+o.Ignored, s.Errors+o.Errors
}
