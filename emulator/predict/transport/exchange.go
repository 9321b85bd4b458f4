package transport

import (
	"fmt"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// transfer is the time, in its parts, of a step that begins at the given time:
//
//   - request and response: one message one way, from its first byte sent to its last byte received;
//   - read: a GET without a body from the reader to the repository, then the state;
//   - write: the state to the repository, then an answer without a body.
//
// Who initiates owns the connection: the caller for request and response, who reads or writes for the
// others. A transfer within a node takes no time.
func (r *replay) transfer(step *plan.Step, now int64) (predict.Parts, error) {
	if err := r.check(step); err != nil || step.From == step.To {
		return predict.Parts{}, err
	}
	switch from, to := step.From, step.To; step.Role {
	case plan.Response:
		return r.message(r.connection(to, from).response, from, to, step.Bytes, now), nil
	case plan.Read:
		c := r.connection(to, from)
		get := r.message(c.request, to, from, 0, now).Sum()
		state := r.message(c.response, from, to, step.Bytes, now+get)
		state.RoundTrip = get
		return state, nil
	case plan.Write:
		c := r.connection(from, to)
		state := r.message(c.request, from, to, step.Bytes, now)
		state.RoundTrip = r.message(c.response, to, from, 0, now+state.Sum()).Sum()
		return state, nil
	default:
		return r.message(r.connection(from, to).request, from, to, step.Bytes, now), nil
	}
}

// mostBytes bounds a transfer, for its packets are calculated one by one.
const mostBytes = int64(1e12)

// check refuses steps that lead nowhere, or to times that do not fit.
func (r *replay) check(step *plan.Step) error {
	e := r.engine
	within := func(id topology.ID) bool { return id >= 0 && int(id) < len(e.topology.Vertices) }
	if !within(step.From) || !within(step.To) {
		count := len(e.topology.Vertices)
		return fmt.Errorf("it leads from vertex %d to %d of a topology of %d", step.From, step.To, count)
	}
	if step.Bytes < 0 || step.Bytes > mostBytes {
		return fmt.Errorf("%d bytes from %s to %s: they must be between 0 and %d",
			step.Bytes, e.name(step.From), e.name(step.To), mostBytes)
	}
	if step.From == step.To {
		return nil
	}
	way := r.routes.find(step.From, step.To)
	if way == nil {
		return fmt.Errorf("%w between %s and %s", ErrUnreachable, e.name(step.From), e.name(step.To))
	}
	back := r.routes.find(step.To, step.From)
	if way.estimate(step.Bytes, &e.options)+back.estimate(step.Bytes, &e.options) > float64(longest) {
		return fmt.Errorf("%d bytes from %s to %s: %w", step.Bytes, e.name(step.From), e.name(step.To), ErrTooLong)
	}
	return nil
}

// estimate is an upper bound, in picoseconds, of a message's time: each segment waits for all servers,
// and each window of segments for a round trip.
func (r *route) estimate(size int64, o *Options) float64 {
	segments := float64(size+int64(o.Header))/float64(o.MSS) + 1
	sum := 0.0
	for _, legs := range [][]leg{r.forth, r.back} {
		for _, l := range legs {
			for _, h := range l.hops {
				sum += float64(h.serial[full])
			}
		}
	}
	first := newReceiver(o)
	rounds := min(segments, 64+segments/float64(first.window(o)))
	total := (segments+1)*sum + (rounds+1)*float64(r.round)
	if o.HostRate > 0 {
		total += float64(size) * 8e12 / float64(o.HostRate)
	}
	return total
}

// message sends a message with so many bytes of body and returns what the time until its receiver has it
// consists of. Slow start is what it takes beyond the same segments sent at once.
func (r *replay) message(h *half, from, to topology.ID, body, now int64) predict.Parts {
	o, way := &r.engine.options, r.routes.find(from, to)
	size := body + int64(o.Header)
	took := r.simulation.message(way, h, size, now) - now
	p := predict.Parts{Host: o.PerMessage.Nanoseconds()*1000 + frameTime(size, o.HostRate)}
	p.Propagation, p.Serialisation = way.straight((size+int64(o.MSS)-1)/int64(o.MSS), r.simulation.last)
	p.SlowStart = took - p.Propagation - p.Serialisation
	if p.SlowStart < 0 { // long transfers are not calculated to the picosecond: see collapse.go
		p.Serialisation, p.SlowStart = p.Serialisation+p.SlowStart, 0
	}
	return p
}

func (r *replay) connection(initiator, responder topology.ID) *connection {
	key := [2]topology.ID{initiator, responder}
	c := r.connections[key]
	if c == nil {
		c = &connection{request: newHalf(&r.engine.options), response: newHalf(&r.engine.options)}
		r.connections[key] = c
	}
	return c
}
