package transport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// replay is one run of Predict: one queue of events for all chains under way, their connections, and the clock.
type replay struct {
	engine      *Engine
	routes      routes
	pools       map[[2]topology.ID]*pool
	processors  map[topology.ID]*processor
	simulation  simulation // of messages that are alone
	network     network    // of those that are not
	agenda      agenda
	now         int64 // of the event at hand
	clock       int64 // when the chains that have ended had all ended
	predictions []predict.Prediction
	waiting     []*chain // for a user, in a closed loop
	open        int      // chains that have not ended
	spare       headHeap
	random      *rand.Rand             // of the hosts' times; nil: they are their mean
	shared      map[kept]int           // versions of states that outlive chains
	turns       map[plan.Lasting]*turn // of those that go along with calls
	flows       []*flow                // that may be used again
	dispatching dispatching
	fleets      map[fleetKey]*fleet // instances of functions
	residents   residents           // stateful instances
	plans       []*plan.Plan        // all, of which a model's are replayed
	wirings     uint32              // number of the model at hand, by which its rewirings are known
}

func newReplay(e *Engine) *replay {
	r := &replay{engine: e, pools: map[[2]topology.ID]*pool{}, processors: map[topology.ID]*processor{}}
	r.network = newNetwork()
	r.routes = routes{
		topology: e.topology, options: &e.options, network: &r.network,
		trees: map[topology.ID]*topology.Tree{}, known: map[[2]topology.ID]*route{},
	}
	r.simulation.options = &e.options
	return r
}

// longest is how far the clock may go, in picoseconds: half of what fits, 53 days, less some room.
const longest = 40 * 86400 * second

// predict predicts plans, a model's after another's.
func (r *replay) predict(plans []*plan.Plan) ([]predict.Prediction, error) {
	r.plans, r.predictions = plans, make([]predict.Prediction, len(plans))
	for from := 0; from < len(plans); {
		to := from + 1
		for to < len(plans) && plans[to].Model == plans[from].Model {
			to++
		}
		if err := r.group(plans[from:to], from); err != nil {
			return nil, err
		}
		from = to
	}
	return r.predictions, nil
}

// group predicts the plans of one model, the first of which is so many-th of all.
func (r *replay) group(plans []*plan.Plan, first int) error {
	chains, jobs := make([]*chain, len(plans)), make([]int, len(plans))
	for i, p := range plans {
		chains[i], jobs[i] = &chain{plan: p, at: first + i}, p.Index
	}
	arrivals := &r.engine.options.Arrivals
	begin := r.clock
	r.network.begin(begin)
	r.planRewirings(begin)
	r.shared, r.turns, r.fleets = map[kept]int{}, map[plan.Lasting]*turn{}, map[fleetKey]*fleet{}
	r.dispatching = newDispatching()
	defer r.settleIn(plans, begin)()
	r.open, r.waiting = len(chains), nil
	if arrivals.Due == nil {
		users := min(max(1, arrivals.Users), len(chains))
		for _, c := range chains[:users] {
			r.admit(c, begin)
		}
		r.waiting = chains[users:]
	} else {
		for i, due := range arrivals.Due(jobs) {
			if due < 0 || due > time.Duration(longest/1000) {
				return fmt.Errorf("plan of %s (%s) begins after %v: %w", plans[i].Job, plans[i].Model, due, ErrTooLong)
			}
			r.admit(chains[i], begin+due.Nanoseconds()*1000)
		}
	}
	return r.run()
}

// admit lets a chain begin at a time.
func (r *replay) admit(c *chain, at int64) { r.agenda.push(event{at: at, kind: chainBegins, chain: c}) }

var errStuck = errors.New("nothing happens any more")

// run goes from event to event until no chain is under way.
func (r *replay) run() error {
	for r.open > 0 {
		packet, other := r.network.next(), r.agenda.next()
		if packet <= other && packet != never {
			r.now = max(r.now, packet)
			p := r.network.pop()
			r.settle(r.carry(&p, r.now))
			continue
		}
		if other == never {
			return errStuck // an error of this package
		}
		e := r.agenda.pop()
		r.now = max(r.now, e.at)
		if err := r.happen(&e); err != nil {
			return err
		}
	}
	return nil
}

// happen carries out an event that is no packet's.
func (r *replay) happen(e *event) error {
	switch e.kind {
	case chainBegins:
		return r.start(e.chain, e.at)
	case stepBegins:
		return r.begin(e.chain, int(e.step))
	case stepEnds:
		return r.finish(e.chain, int(e.step))
	case messageThere:
		r.proceedStep(e.chain, int(e.step))
	case processorDone:
		if e.generation == e.processor.generation {
			r.done(e.processor, e.at)
		}
	case moveBegins:
		r.beginMoves(e.mover)
	case rebalances:
		return r.rebalance(e)
	case moveReady:
		if !e.mover.over {
			r.arrive(e.mover)
		}
	case rewires:
		if e.generation == r.wirings {
			r.routes.rewire(r.engine.options.Rewirings[e.step].Topology)
		}
	case moveEnds:
		r.giveUp(e.mover)
	case instanceReady:
		r.act(e.fleet, e.fleet.ledger.Ready(r.now, int(e.step)))
	case flowArrives:
		if e.generation == e.flow.generation {
			r.leave(e.flow)
			r.delivered(e.flow, e.flow.alone)
			r.recycle(e.flow)
		}
	case flowTimer:
		if e.generation == e.flow.generation {
			e.flow.armed = never
			e.flow.expire(&r.network, r.now)
			r.settle(e.flow)
		}
	}
	return nil
}
