package fabric

import (
	"cmp"
	"maps"
	"slices"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Overlay is what events lay over a network for as long as they last. The network below can change meanwhile:
// only what an overlay changes is hidden by it, property by property.
type Overlay struct {
	Queues    []QueueOverlay  `json:"queues,omitempty"`
	Down      []topology.ID   `json:"down,omitempty"`      // carry nothing, besides what is down below
	Partition [][]topology.ID `json:"partition,omitempty"` // as in Network; in force together with one below
	Run       int64           `json:"run,omitempty"`       // as in Network; 0: as below
	Moves     []Move          `json:"moves,omitempty"`     // by Compare
}

// Move is an attachment that is elsewhere: the edges between At and From are between At and To.
type Move struct {
	At   topology.ID `json:"at"` // a host, or its link
	From topology.ID `json:"from"`
	To   topology.ID `json:"to"`
}

// Compare orders moves.
func (m Move) Compare(o Move) int {
	return cmp.Or(cmp.Compare(m.At, o.At), cmp.Compare(m.From, o.From), cmp.Compare(m.To, o.To))
}

// QueueOverlay changes the properties of one queue in which Now differs from Was.
type QueueOverlay struct {
	Channel topology.Channel `json:"channel"`
	Was     topology.Shape   `json:"was"`
	Now     topology.Shape   `json:"now"`
}

// IsZero says whether the overlay changes nothing.
func (o Overlay) IsZero() bool {
	return len(o.Queues) == 0 && len(o.Down) == 0 && len(o.Partition) == 0 && o.Run == 0 && len(o.Moves) == 0
}

// Over is the network base with the overlay in force; base is not changed, and shares what does not differ.
// Queues keep their byte limits but where the overlay changes what these follow from: rate, delay or limit.
// It takes O(hosts · E log V) where a limit is to be derived anew. What the overlay names and base has not
// is passed over.
func (o Overlay) Over(base Network) Network {
	n := base
	if len(o.Moves) > 0 && base.Topology != nil {
		moved := *base.Topology
		for _, m := range o.Moves {
			// What the network below has otherwise by now stays as it is there.
			_ = moved.Reattach(topology.Attachment{At: m.At, To: m.From}, m.To)
		}
		n.Topology = &moved
		base.Topology = &moved
	}
	if len(o.Queues) > 0 && base.Topology != nil {
		n.Topology, n.Queues = o.reshape(base)
	}
	if o.Run != 0 {
		n.Run = o.Run
	}
	n.Down = union(base.Down, o.Down)
	if len(o.Partition) > 0 {
		n.Partition = Intersect(base.Partition, o.Partition)
	}
	return n
}

func (o Overlay) reshape(base Network) (*topology.Topology, map[topology.Channel]units.ByteSize) {
	t := *base.Topology
	t.Vertices = slices.Clone(base.Topology.Vertices)
	limits := maps.Clone(base.Queues)
	if limits == nil {
		limits = map[topology.Channel]units.ByteSize{}
	}
	var derive []topology.Channel
	for _, q := range o.Queues {
		id := q.Channel.Link
		if id < 0 || int(id) >= len(t.Vertices) || q.Channel.Dir < 0 || q.Channel.Dir > 1 {
			continue
		}
		was := t.Vertices[id].Shape[q.Channel.Dir]
		now := q.apply(was)
		t.Vertices[id].Shape[q.Channel.Dir] = now
		switch {
		case was.Rate == now.Rate && was.Delay == now.Delay && was.Queue == now.Queue:
		case now.Queue > 0:
			limits[q.Channel] = now.Queue
		default:
			derive = append(derive, q.Channel)
		}
	}
	if len(derive) > 0 {
		derived := t.QueueLimits()
		for _, c := range derive {
			limits[c] = derived[c]
		}
	}
	return &t, limits
}

// apply is the shape s with what the overlay changes.
func (q QueueOverlay) apply(s topology.Shape) topology.Shape {
	replace(&s.Rate, q.Was.Rate, q.Now.Rate)
	replace(&s.Delay, q.Was.Delay, q.Now.Delay)
	replace(&s.Jitter, q.Was.Jitter, q.Now.Jitter)
	replace(&s.Loss, q.Was.Loss, q.Now.Loss)
	replace(&s.Reorder, q.Was.Reorder, q.Now.Reorder)
	replace(&s.Duplicate, q.Was.Duplicate, q.Now.Duplicate)
	replace(&s.Corrupt, q.Was.Corrupt, q.Now.Corrupt)
	replace(&s.Queue, q.Was.Queue, q.Now.Queue)
	replace(&s.MTU, q.Was.MTU, q.Now.MTU)
	replace(&s.Trace, q.Was.Trace, q.Now.Trace)
	replace(&s.Delays, q.Was.Delays, q.Now.Delays)
	return s
}

func replace[T comparable](at *T, was, now T) {
	if was != now {
		*at = now
	}
}

// union lists what is in a or b: b itself where a is empty, and a where b is.
func union(a, b []topology.ID) []topology.ID {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// Intersect gives the partition in which two hosts are together if they are in both: its groups, and in each
// group the hosts, are in ascending order. Hosts in no group of either are together.
func Intersect(a, b [][]topology.ID) [][]topology.ID {
	type key struct{ a, b int }
	member := map[topology.ID]key{}
	for i, g := range a {
		for _, id := range g {
			member[id] = key{i + 1, 0}
		}
	}
	for i, g := range b {
		for _, id := range g {
			member[id] = key{member[id].a, i + 1}
		}
	}
	index := map[key]int{}
	var groups [][]topology.ID
	for _, id := range slices.Sorted(maps.Keys(member)) {
		k := member[id]
		i, known := index[k]
		if !known {
			i = len(groups)
			index[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], id)
	}
	return groups
}
