package faas

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// response is what comes back from a call: the reply, and the contents of the states that were carried.
type response struct {
	*reply
	states []*blob // to be released
	result *blob   // a program's, to be released; nil: the function is built in, and nobody reads what it returns
	cold   bool    // a connection had to be opened first
}

// remotely sends the call to its worker and reads the response.
func (c *chain) remotely(ctx context.Context, worker string, call *call, values []value) (response, error) {
	path := "/function/" + url.PathEscape(call.function)
	m := message{method: http.MethodPost, path: path, header: call.header()}
	m.body = c.filling(call.argument)
	for _, v := range values {
		m.body = append(m.body, v.content.data)
	}
	var back response
	err := c.peers.do(ctx, worker, &m, func(resp *http.Response) error {
		if want := call.result + call.carried(); resp.ContentLength != want {
			return fmt.Errorf("the response has %d bytes, not %d", resp.ContentLength, want)
		}
		var err error
		if back.reply, err = parseReply(call, resp.Header); err != nil {
			return err
		}
		if err := c.pools.discard(resp.Body, call.result); err != nil {
			return err
		}
		for _, v := range values {
			b, err := c.pools.receive(ctx, resp.Body, 0, int64(len(v.content.data)), nil)
			if err != nil {
				return err
			}
			back.states = append(back.states, b)
		}
		return nil
	})
	if err != nil {
		release(back.states)
		return response{}, err
	}
	back.cold = m.cold
	return back, nil
}

func release(all []*blob) {
	for _, b := range all {
		b.release()
	}
}

func releaseValues(all []value) {
	for _, v := range all {
		v.content.release()
	}
}

// filling is n bytes of an argument or a result, in parts.
func (a *Agent) filling(n int64) (parts [][]byte) {
	for ; n > 0; n -= int64(len(a.filler)) {
		parts = append(parts, a.filler[:min(n, int64(len(a.filler)))])
	}
	return parts
}

// locally executes a call in the client itself, without any network.
func (c *chain) locally(ctx context.Context, _ string, call *call, values []value) (response, error) {
	buffer, err := c.pools.take(ctx, call.carried())
	if err != nil {
		return response{}, err
	}
	defer buffer.release()
	rest := buffer.data
	for _, v := range values {
		rest = rest[copy(rest, v.content.data):]
	}
	answer, err := c.Agent.invoke(ctx, call, buffer.data)
	if err != nil {
		return response{}, err
	}
	answer.times = append(answer.times, c.clock.moment())
	back := response{reply: answer}
	rest = buffer.data
	for _, v := range values {
		b, err := c.pools.take(ctx, int64(len(v.content.data)))
		if err != nil {
			release(back.states)
			return response{}, err
		}
		rest = rest[copy(b.data, rest):]
		back.states = append(back.states, b)
	}
	return back, nil
}
