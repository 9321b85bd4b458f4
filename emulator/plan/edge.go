package plan

import "testbed/emulator/units"

// EdgeTraffic is what leaves the edge network for the cloud, and what comes from there: payload, without headers.
type EdgeTraffic struct {
	Out         int64 `json:"out_bytes"` // bytes that leave the edge
	In          int64 `json:"in_bytes"`  // bytes that come into it
	MessagesOut int64 `json:"out_messages"`
	MessagesIn  int64 `json:"in_messages"`
}

// Plus is the sum.
func (e EdgeTraffic) Plus(o EdgeTraffic) EdgeTraffic {
	return EdgeTraffic{Out: units.Add(e.Out, o.Out), In: units.Add(e.In, o.In),
		MessagesOut: units.Add(e.MessagesOut, o.MessagesOut), MessagesIn: units.Add(e.MessagesIn, o.MessagesIn)}
}

// EdgeMean is an EdgeTraffic a job, on average.
type EdgeMean struct {
	Out         float64 `json:"out_bytes"`
	In          float64 `json:"in_bytes"`
	MessagesOut float64 `json:"out_messages"`
	MessagesIn  float64 `json:"in_messages"`
}

// Mean is the traffic divided by a number of jobs, above 0.
func (e EdgeTraffic) Mean(jobs float64) EdgeMean {
	return EdgeMean{Out: float64(e.Out) / jobs, In: float64(e.In) / jobs,
		MessagesOut: float64(e.MessagesOut) / jobs, MessagesIn: float64(e.MessagesIn) / jobs}
}

// Plus adds so many times another.
func (m EdgeMean) Plus(o EdgeMean, times float64) EdgeMean {
	return EdgeMean{Out: m.Out + times*o.Out, In: m.In + times*o.In,
		MessagesOut: m.MessagesOut + times*o.MessagesOut, MessagesIn: m.MessagesIn + times*o.MessagesIn}
}

// EdgeTraffic is that of the plan's transfers, once each, to and from each replica of a state. crossings is how many
// links to and from the cloud a step's transfer crosses, out and in. A state that is read is asked for, and one that
// is written is confirmed, by messages without payload.
func (p *Plan) EdgeTraffic(crossings func(*Step) (out, in int64)) EdgeTraffic {
	var sum EdgeTraffic
	for i := range p.Steps {
		if p.Steps[i].Kind != Transfer {
			continue
		}
		for _, s := range p.Steps[i].Ways() {
			if s.From == s.To {
				continue
			}
			out, in := crossings(&s)
			one := EdgeTraffic{Out: units.Mul(out, s.Bytes), In: units.Mul(in, s.Bytes), MessagesOut: out, MessagesIn: in}
			if s.Role == Read || s.Role == Write { // the message beside it goes the other way
				one.MessagesOut, one.MessagesIn = out+in, out+in
			}
			sum = sum.Plus(one)
		}
	}
	return sum
}
