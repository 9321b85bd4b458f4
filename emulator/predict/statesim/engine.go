package statesim

import (
	"fmt"
	"math"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// Engine predicts plans as the simulator would have: with its network, and with the access to state
// repositories charged to the client, whoever carries it out. The total is that of the job's Row. The simulator knows
// nothing but chains: a plan of a DAG is refused, or taken for a line.
type Engine struct {
	Linearize bool // take a DAG's tasks one after the other, in ascending order

	topology *topology.Topology
	paths    *simnet.Network
	speed    func(topology.ID) float64
	cloud    topology.ID // -1: none
	reach    map[topology.ID][2]leg
}

// leg is the way between a host and the cloud, in one direction.
type leg struct {
	seconds float64 // propagation
	rate    float64 // of the slowest link, bit/s; 0: not limited
	links   int64
}

// NewEngine prepares predictions on a topology, whose cloud link gives the cloud's latency and rate. Speed
// is a node's speed in operations/s.
func NewEngine(t *topology.Topology, speed func(topology.ID) float64) *Engine {
	e := &Engine{topology: t, paths: simnet.New(t), speed: speed, cloud: -1, reach: map[topology.ID][2]leg{}}
	cloud, ok := t.Cloud()
	if !ok {
		return e
	}
	e.cloud = cloud
	inward := t.TreeTo(cloud)
	for _, h := range t.Hosts() {
		up, there := inward.Hops(nil, h)
		down, back := t.TreeTo(h).Hops(nil, cloud)
		e.reach[h] = [2]leg{newLeg(t, up, there), newLeg(t, down, back)}
	}
	return e
}

func newLeg(t *topology.Topology, hops []topology.Hop, delay time.Duration) leg {
	return leg{delay.Seconds(), float64(t.Bottleneck(hops)), int64(len(hops))}
}

// EngineName is the engine's word in files and flags.
const EngineName = "statesim"

// Name is EngineName.
func (e *Engine) Name() string { return EngineName }

// Predict predicts each plan on its own: nothing queues in the simulator. It fails with predict.ErrBranches where a
// plan has branches, unless Linearize is set.
func (e *Engine) Predict(plans []*plan.Plan) ([]predict.Prediction, error) {
	predictions := make([]predict.Prediction, len(plans))
	for i, p := range plans {
		if !predict.Linear(p) {
			if !e.Linearize {
				return nil, fmt.Errorf("statesim: %s (%s): %w, and the published simulator knows nothing but chains: write "+
					"linearize: true, which takes its tasks one after the other, or workload.shape: chain",
					p.Job, p.Model, predict.ErrBranches)
			}
			p = predict.Linearize(p)
		}
		messages, parts := e.messages(p), make([]predict.Parts, len(p.Steps))
		schedule, err := predict.Evaluate(p, func(step int, _ float64) (float64, error) {
			took, err := e.duration(&p.Steps[step], messages[step])
			parts[step] = e.parts(&p.Steps[step], messages[step], took)
			return took, err
		})
		if err != nil {
			return nil, fmt.Errorf("statesim: %w", err)
		}
		out := predict.Prediction{
			Engine: e.Name(), Job: p.Job, Index: p.Index, Model: p.Model,
			Total: schedule.Total, Steps: schedule.Steps, Parts: parts,
		}
		out.Network, out.Processing = schedule.Split(p)
		for _, m := range messages {
			out.Traffic += m.bytes * e.links(m.from, m.to)
		}
		predictions[i] = out
	}
	return predictions, nil
}

// message is what the simulator sends in a step; none where bytes is 0.
type message struct {
	from, to topology.ID
	bytes    int64
}

// messages gives each step's message. A task's reads from one repository are one message, in the first of
// them, to the client; so are its writes. Only where states move from worker to worker (state-local) is
// each one sent by itself, to the worker.
func (e *Engine) messages(p *plan.Plan) []message {
	messages := make([]message, len(p.Steps))
	type access struct {
		task int
		role plan.Role
	}
	first := map[access]int{}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Kind != plan.Transfer {
			continue
		}
		m := message{s.From, s.To, s.Bytes}
		if p.Model != plan.StateLocal && (s.Role == plan.Read || s.Role == plan.Write) {
			key := access{s.Task, s.Role}
			if at, known := first[key]; known {
				messages[at].bytes += s.Bytes
				continue
			}
			first[key] = i
			if s.Role == plan.Read {
				m.to = p.Client
			} else {
				m.from = p.Client
			}
		}
		messages[i] = m
	}
	return messages
}

// duration is a step's time, in seconds.
func (e *Engine) duration(s *plan.Step, m message) (float64, error) {
	if s.Kind == plan.Wait { // the simulator's functions are always warm
		return 0, nil
	}
	if s.Program {
		return s.Took.Seconds(), nil
	}
	if s.Kind == plan.Compute {
		return float64(placement.ProcessingTime(s.Ops, float32(e.speed(s.From)), max(s.Load, 1))), nil
	}
	if m.bytes == 0 || m.from == m.to {
		return 0, nil
	}
	if way, is := e.toCloud(m.from, m.to); is {
		seconds := way.seconds
		if way.rate > 0 {
			seconds += float64(8*m.bytes) / way.rate
		}
		return seconds, nil
	}
	class := e.paths.Class(m.from, m.to)
	if class == simnet.None {
		return 0, fmt.Errorf("there is no path from vertex %d to vertex %d", m.from, m.to)
	}
	return e.paths.Time(class, m.bytes), nil
}

// parts divides a step's time: only the way to the cloud propagates, and only bits and operations take time beside it.
func (e *Engine) parts(s *plan.Step, m message, took float64) predict.Parts {
	all := int64(math.Round(took / predict.Picosecond))
	if s.Kind == plan.Compute {
		return predict.Parts{Processing: all}
	}
	p := predict.Parts{}
	if way, is := e.toCloud(m.from, m.to); is && all > 0 {
		p.Propagation = int64(math.Round(way.seconds / predict.Picosecond))
	}
	p.Serialisation = all - p.Propagation
	return p
}

// toCloud is the way between a host and the cloud, where one end is the cloud.
func (e *Engine) toCloud(from, to topology.ID) (leg, bool) {
	switch {
	case e.cloud < 0:
		return leg{}, false
	case to == e.cloud:
		return e.reach[from][0], true
	case from == e.cloud:
		return e.reach[to][1], true
	}
	return leg{}, false
}

// links is the number of links between two vertices.
func (e *Engine) links(from, to topology.ID) int64 {
	if from == to {
		return 0
	}
	if way, is := e.toCloud(from, to); is {
		return way.links
	}
	return int64(e.paths.Hops(from, to))
}
