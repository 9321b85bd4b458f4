package transport

// agenda holds what is to happen besides packets: a binary heap by time and, at one time, in the order of entry.
type agenda struct {
	list  []event
	order uint64
}

type eventKind uint8

const (
	chainBegins eventKind = iota
	stepBegins
	stepEnds
	messageThere // the receiver's host has it
	flowArrives  // a message that is alone is there
	flowTimer
	processorDone
	instanceReady // of a fleet; step is its number
	moveBegins    // of the instances that a mover moves
	moveReady     // the target has instances of the programs that a mover's instance needs
	moveEnds      // what has not moved yet stays
	rebalances    // all instances are looked at
	rewires       // hosts are attached elsewhere; step is which of Options.Rewirings
)

// event is something that happens to a chain's step, a flow or a processor; what it is about has changed where its
// generation is not that of the event.
type event struct {
	at         int64
	order      uint64
	chain      *chain
	flow       *flow
	processor  *processor
	fleet      *fleet
	mover      *mover
	step       int32
	generation uint32
	kind       eventKind
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.order < o.order }

// next is when the first event is; never: there is none.
func (a *agenda) next() int64 {
	if len(a.list) == 0 {
		return never
	}
	return a.list[0].at
}

func (a *agenda) push(e event) {
	a.order++
	e.order = a.order
	a.list = append(a.list, e)
	i := len(a.list) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !e.before(&a.list[parent]) {
			break
		}
		a.list[i] = a.list[parent]
		i = parent
	}
	a.list[i] = e
}

func (a *agenda) pop() event {
	first, last := a.list[0], len(a.list)-1
	e := a.list[last]
	a.list[last] = event{}
	a.list = a.list[:last]
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && a.list[child+1].before(&a.list[child]) {
			child++
		}
		if !a.list[child].before(&e) {
			break
		}
		a.list[i] = a.list[child]
		i = child
	}
	if last > 0 {
		a.list[i] = e
	}
	return first
}
