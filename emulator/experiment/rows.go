package experiment

import (
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Chain is a chain as an engine has it: measured, or predicted. Times are in s.
type Chain struct {
	Engine      string   `json:"e"`
	Model       string   `json:"m"`
	Policy      string   `json:"p"`
	Index       int      `json:"i"` // of the job in its workload
	Job         string   `json:"j"`
	Length      int      `json:"l"` // invocations
	Client      string   `json:"c"`
	ClientClass string   `json:"cc,omitempty"`
	Weight      float64  `json:"w,omitempty"` // how many jobs it stands for; 0: one
	Latency     float64  `json:"t"`
	Network     float64  `json:"tn"`
	Processing  float64  `json:"tp"`
	Bytes       int64    `json:"b"` // payload of all transfers between different nodes
	Traffic     int64    `json:"h"` // payload times links, by the plan
	States      int      `json:"s,omitempty"`
	Lost        int      `json:"sl,omitempty"`
	OK          bool     `json:"ok"`
	Error       string   `json:"er,omitempty"`
	Late        float64  `json:"d,omitempty"` // it started after its due time
	Attempt     int      `json:"a,omitempty"`
	Disturbed   bool     `json:"di,omitempty"`
	HostLate    *float64 `json:"hl,omitempty"` // nil: not known, or predicted
}

// Stands is how many jobs the chain stands for.
func (c *Chain) Stands() float64 {
	if c.Weight > 0 {
		return c.Weight
	}
	return 1
}

// Step is a step of a chain, likewise.
type Step struct {
	Engine   string  `json:"e"`
	Model    string  `json:"m"`
	Index    int     `json:"i"` // of the chain's job in its workload
	Job      string  `json:"j"`
	Step     int     `json:"n"` // in the plan
	Task     int     `json:"k"`
	Role     string  `json:"r"`
	From     string  `json:"f"`
	To       string  `json:"o"`
	Bytes    int64   `json:"b,omitempty"`
	Ops      int64   `json:"x,omitempty"`
	Begin    float64 `json:"s"` // s from the chain's begin
	Duration float64 `json:"d"` // s
}

// tabler makes rows of what engines say of a scenario's plans.
type tabler struct {
	e     *resolved.Scenario
	hops  func(from, to topology.ID) int
	plans map[planKey]*plan.Plan
}

type planKey struct {
	model string
	index int
}

func newTabler(e *resolved.Scenario, plans [][]*plan.Plan) *tabler {
	t := &tabler{e: e, hops: e.HopCounter(), plans: map[planKey]*plan.Plan{}}
	for _, of := range plans {
		for _, p := range of {
			t.plans[planKey{string(p.Model), p.Index}] = p
		}
	}
	return t
}

// chain is what all engines say alike of a plan.
func (t *tabler) chain(engine string, p *plan.Plan) Chain {
	client := &t.e.Topology.Vertices[p.Client]
	c := Chain{Engine: engine, Model: string(p.Model), Policy: t.e.Source.Placement.Policy, Index: p.Index, Job: p.Job,
		Length: p.Length, Client: client.Name, ClientClass: client.Class, Weight: p.Weight,
		Traffic: p.Traffic(t.hops), OK: true}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Kind == plan.Transfer && s.From != s.To {
			c.Bytes = units.Add(c.Bytes, s.Bytes)
		}
	}
	return c
}

// predicted adds the rows of predictions.
func (t *tabler) predicted(r *Result, predictions []predict.Prediction) {
	for i := range predictions {
		p := &predictions[i]
		of := t.plans[planKey{string(p.Model), p.Index}]
		if of == nil {
			continue
		}
		c := t.chain(p.Engine, of)
		c.Latency, c.Network, c.Processing = p.Total, p.Network, p.Processing
		r.Chains = append(r.Chains, c)
		for _, s := range p.Steps {
			if s.Index >= len(of.Steps) {
				continue
			}
			at := &of.Steps[s.Index]
			r.Steps = append(r.Steps, Step{Engine: p.Engine, Model: c.Model, Index: c.Index, Job: c.Job, Step: s.Index,
				Task: at.Task, Role: at.Role.String(), From: t.name(at.From), To: t.name(at.To), Bytes: at.Bytes, Ops: at.Ops,
				Begin: s.Start, Duration: s.End - s.Start})
		}
	}
}

func (t *tabler) name(id topology.ID) string { return t.e.Topology.Vertices[id].Name }

// measured adds the rows of a chain that was carried out, with its steps.
func (t *tabler) measured(r *Result, c *record.Chain, steps []record.Step) {
	of := t.plans[planKey{c.Model, c.Index}]
	if of == nil {
		return
	}
	row := t.chain(Emulation, of)
	if r.Attempted == nil {
		r.Attempted = map[string]int64{}
	}
	if c.OK() {
		r.Attempted[c.Model] += row.Traffic
	}
	if c.Superseded {
		return
	}
	row.Latency, row.Network, row.Processing = c.Measured.Latency, c.Measured.Network, c.Measured.Processing
	row.Bytes, row.States, row.Lost, row.OK, row.Error = c.Bytes, c.States, c.Lost, c.OK(), c.Error
	row.Late, row.Attempt, row.Disturbed = c.Late, max(c.Attempt, 1), c.Disturbed
	if c.Host != nil {
		late := c.Host.All
		row.HostLate = &late
	}
	r.Chains = append(r.Chains, row)
	for i := range steps {
		s := &steps[i]
		r.Steps = append(r.Steps, Step{Engine: Emulation, Model: c.Model, Index: s.Chain, Job: s.Job, Step: s.Index,
			Task: s.Task, Role: s.Role, From: s.From, To: s.To, Bytes: s.Bytes, Ops: s.Ops, Begin: s.Offset,
			Duration: s.Duration})
	}
}
