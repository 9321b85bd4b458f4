package faas

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"testbed/emulator/plan"
)

// reply is what a worker says of an invocation besides the payload.
type reply struct {
	times   timeline
	carried []version // of the carried states, in the call's order
	retries []int     // of the execution, then of each write, in order; nil: none

	underWay int       // other invocations of the worker's when it responded
	sizes    []resized // of a program's states, in the call's order
}

// count notes how often the execution (0) or a write, from 1, was repeated.
func (r *reply) count(at, retries int) {
	if retries == 0 {
		return
	}
	for len(r.retries) <= at {
		r.retries = append(r.retries, 0)
	}
	r.retries[at] += retries
}

// repeated is how often the execution (0) or a write, from 1, was repeated.
func (r *reply) repeated(at int) int {
	if at < len(r.retries) {
		return r.retries[at]
	}
	return 0
}

type version struct {
	version int64
	sum     uint32
}

// timeline holds moments in ns: when the request was received; where there are instances, begin and end of the wait for
// one, and since when it was for its start; start, end and the repository's moment
// of every read; start and end of the execution; the same three of every write; when the response was
// sent. All are written as distances from the first, which is absolute.
type timeline []int64

func (t timeline) String() string {
	b := strconv.AppendInt(nil, t[0], 10)
	for _, v := range t[1:] {
		b = append(b, ' ')
		b = strconv.AppendInt(b, v-t[0], 10)
	}
	return string(b)
}

func parseTimeline(text string, moments int) (timeline, error) {
	fields := strings.Fields(text)
	if len(fields) != moments {
		return nil, fmt.Errorf("header %s: want %d moments, have %d", headerTimes, moments, len(fields))
	}
	t := make(timeline, moments)
	for i, f := range fields {
		v, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", headerTimes, err)
		}
		if i > 0 {
			v += t[0]
		}
		t[i] = v
	}
	return t, nil
}

// within fails where a moment is not between two others: it is not of this invocation. 0 is no moment.
func (t timeline) within(start, end int64) error {
	for _, v := range t {
		if v != 0 && (v < start-int64(tolerated) || v > end+int64(tolerated)) {
			return fmt.Errorf("the worker tells of a moment, %d ns, outside the invocation's %d to %d", v, start, end)
		}
	}
	return nil
}

// moments is the length of the call's timeline.
func (c *call) moments() int {
	n := 4
	if c.scaled {
		n += 3
	}
	for _, s := range c.states {
		if s.location == plan.Repository {
			n += 6
		}
	}
	return n
}

func (r *reply) setHeader(h http.Header) {
	h[headerTimes] = []string{r.times.String()}
	text := strconv.Itoa(r.repeated(0))
	for at := 1; at < len(r.retries); at++ {
		text += "," + strconv.Itoa(r.retries[at])
	}
	for _, v := range r.carried {
		text += ";" + formatVersion(v.version, v.sum)
	}
	h[headerStates] = []string{text}
	r.setSizes(h)
}

// parseReply reads the headers of the response to c.
func parseReply(c *call, h http.Header) (*reply, error) {
	times, err := parseTimeline(h.Get(headerTimes), c.moments())
	if err != nil {
		return nil, err
	}
	items := strings.Split(h.Get(headerStates), ";")
	r := &reply{times: times}
	if c.dispatched {
		if r.underWay, err = parseUnderWay(h); err != nil {
			return nil, err
		}
	}
	if err := r.parseRetries(items[0], len(c.states)); err != nil {
		return nil, fmt.Errorf("header %s: %w", headerStates, err)
	}
	if len(items)-1 > len(c.states) {
		return nil, fmt.Errorf("header %s: %d states came back of %d", headerStates, len(items)-1, len(c.states))
	}
	for _, item := range items[1:] {
		v, sum, err := parseVersion(item)
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", headerStates, err)
		}
		r.carried = append(r.carried, version{v, sum})
	}
	if c.program {
		return r, r.parseSizes(c, h)
	}
	return r, nil
}

// parseRetries reads how often an execution and its writes, at most so many, were repeated.
func (r *reply) parseRetries(text string, writes int) error {
	items := strings.SplitN(text, ",", writes+2)
	if len(items) > writes+1 {
		return fmt.Errorf("%.20q tells of more than %d writes", text, writes)
	}
	for at, item := range items {
		n, err := strconv.Atoi(item)
		if err != nil || n < 0 || n > maxRetries*(1+writes) {
			return fmt.Errorf("%.20q is no number of retries", item)
		}
		r.count(at, n)
	}
	return nil
}
