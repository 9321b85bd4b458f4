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

// EdgeTraffic is that of the plan's transfers, once each. crossings is how many links to and from the cloud a step's
// transfer crosses, out and in. A state that is read is asked for, and one that is written is confirmed, by messages
// without payload.
func (p *Plan) EdgeTraffic(crossings func(*Step) (out, in int64)) EdgeTraffic {
	var sum EdgeTraffic
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Kind != Transfer || s.From == s.To {
			continue
		}
		out, in := crossings(s)
		one := EdgeTraffic{Out: units.Mul(out, s.Bytes), In: units.Mul(in, s.Bytes), MessagesOut: out, MessagesIn: in}
		if s.Role == Read || s.Role == Write { // the message beside it goes the other way
			one.MessagesOut, one.MessagesIn = out+in, out+in
		}
		sum = sum.Plus(one)
	}
	return sum
}
