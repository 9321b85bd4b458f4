package transport

import "testbed/emulator/plan"

// framing is how many bytes messages from and to a plan's repositories have beside the state.
func (r *replay) framing(p *plan.Plan) plan.Framing {
	if p.Store != nil && p.Store.Framing != (plan.Framing{}) {
		return p.Store.Framing
	}
	header := int64(r.engine.options.Header)
	return plan.Framing{ReadRequest: header, ReadResponse: header, WriteRequest: header, WriteResponse: header}
}
