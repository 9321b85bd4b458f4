package faas

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/units"
)

// Headers carry what is not payload, so that bodies have exactly the sizes planned. They stay below
// about 500 bytes for a call with up to five states.
const (
	headerCall    = "X-Testbed-Call"    // wireFormat key task argument result ops load, and kinds
	headerStates  = "X-Testbed-States"  // the call's states; in a response retries, the carried ones' versions and sums
	headerTimes   = "X-Testbed-Times"   // see timeline
	headerVersion = "X-Testbed-Version" // version and sum of one state
	headerAt      = "X-Testbed-At"      // when a repository began to send, or had received, in ns
)

// wireFormat is the number of the format of all these headers.
const wireFormat = "1"

// call is one invocation as its worker sees it.
type call struct {
	key      string
	task     int
	function string
	argument int64
	result   int64
	ops      int64
	load     int
	states   []callState
	lasting  lastingKeys
	kept     int64    // of the budget, for a program's result, in bytes: its turn gives it back
	given    [][]byte // its argument, where that has a meaning; not sent in a header
	lengths  []int64  // of the results that the argument is; nil: it is one, or none
	seat     Seat     // of the instance that it is for, where its caller was sent; empty: where it is placed, if any
	suffix   string   // of the worker's own states' keys: see resident

	dispatched bool // its worker was picked, and is to tell how many it has under way
	program    bool
	scaled     bool // there is not always an instance: its timeline has the wait for one

	instances *instance.Spec // how those live, as the controller has told; nil: there is always one
}

type callState struct {
	state      int
	bytes      int64
	location   plan.Location
	contested  bool   // local: see plan.Access
	version    int64  // carried
	sum        uint32 // carried
	repository string // host:port; empty: the worker itself
	store      string // programs: a name besides the usual one; empty: none
}

// carried is the number of bytes of states that travel with the request, and back.
func (c *call) carried() int64 {
	var sum int64
	for _, s := range c.states {
		if s.location == plan.Carried {
			sum = units.Add(sum, s.bytes)
		}
	}
	return sum
}

func (c *call) stateKey(i int) string {
	key := c.lasting[c.states[i].state]
	if key == "" {
		key = stateKey(c.key, c.states[i].state)
	}
	if c.states[i].location == plan.Local {
		key += c.suffix
	}
	return key
}

// stateKey is the key of a chain's state in every store.
func stateKey(key string, state int) string { return key + "/" + strconv.Itoa(state) }

// header is the lines of a request's header that say what the call is.
func (c *call) header() []byte {
	b := fmt.Appendf(nil, "%s: %s %s %d %d %d %d %d",
		headerCall, wireFormat, c.key, c.task, c.argument, c.result, c.ops, c.load)
	b = append(append(b, c.kinds()...), "\r\n"...)
	if c.dispatched {
		b = append(b, headerUnderWay+": 1\r\n"...)
	}
	b = c.seat.appendHeader(b)
	if len(c.states) == 0 {
		return b
	}
	b = append(b, headerStates+": "...)
	for i, s := range c.states {
		if i > 0 {
			b = append(b, ';')
		}
		switch s.location {
		case plan.Carried:
			b = fmt.Appendf(b, "c,%d,%d,%d,%x", s.state, s.bytes, s.version, s.sum)
		case plan.Local:
			letter := byte('l')
			if s.contested {
				letter = 'o' // optimistic
			}
			b = fmt.Appendf(b, "%c,%d,%d", letter, s.state, s.bytes)
		case plan.Repository:
			b = fmt.Appendf(b, "r,%d,%d,%s", s.state, s.bytes, s.repository)
		}
	}
	return c.lasting.appendHeader(c.appendLengths(c.appendStores(append(b, "\r\n"...))), c.states)
}

// parseCall reads what header wrote. Sizes are at least 0, and what a request or its response carries
// is at most maxBody; there are at most maxStates states.
func parseCall(function string, h http.Header) (*call, error) {
	c := &call{function: function, dispatched: h.Get(headerUnderWay) != ""}
	fields := strings.Fields(h.Get(headerCall))
	if n := len(fields); n == 8 && c.parseKinds(fields[7]) {
		fields = fields[:7]
	}
	if len(fields) != 7 || fields[0] != wireFormat {
		return nil, fmt.Errorf("header %s: want %s and 6 fields more, have %d, beginning with %.20q",
			headerCall, wireFormat, len(fields), first(fields))
	}
	var n numbers
	c.key, c.task = fields[1], n.index(fields[2])
	c.argument, c.result, c.ops, c.load = n.size(fields[3]), n.size(fields[4]), n.size(fields[5]), n.index(fields[6])
	if err := checkKey(c.key); err != nil {
		return nil, fmt.Errorf("header %s: %w", headerCall, err)
	}
	if text := h.Get(headerStates); text != "" {
		for item := range strings.SplitSeq(text, ";") {
			s, err := parseState(item, &n)
			if err != nil {
				return nil, fmt.Errorf("header %s: %w", headerStates, err)
			}
			if c.states = append(c.states, s); len(c.states) > maxStates {
				return nil, fmt.Errorf("header %s: more than %d states", headerStates, maxStates)
			}
		}
	}
	if n.err != nil {
		return nil, n.err
	}
	lasting, err := parseLasting(h.Get(headerLasting), c.states)
	if err != nil {
		return nil, err
	}
	c.lasting = lasting
	if c.seat, err = parseSeat(h.Get(headerSeat)); err != nil {
		return nil, err
	}
	return c, errors.Join(c.parseStores(h), c.parseLengths(h), c.checkSizes())
}

// kinds is a call's last field, with a blank before it: callProgram, callScaled, or both; nothing: neither.
func (c *call) kinds() string {
	text := ""
	if c.program {
		text += callProgram
	}
	if c.scaled {
		text += callScaled
	}
	if text != "" {
		text = " " + text
	}
	return text
}

// parseKinds reads what kinds has written, and says whether it is that.
func (c *call) parseKinds(text string) bool {
	rest, program := strings.CutPrefix(text, callProgram)
	rest, scaled := strings.CutPrefix(rest, callScaled)
	if rest != "" {
		return false
	}
	c.program, c.scaled = program, scaled
	return program || scaled
}

// checkSizes holds what the call's messages carry, and every state, against maxBody.
func (c *call) checkSizes() error {
	for _, s := range c.states {
		if s.bytes > maxBody {
			return fmt.Errorf("state %d has %d bytes; a message carries %d at most", s.state, s.bytes, maxBody)
		}
	}
	carried := c.carried()
	if argument, result := units.Add(c.argument, carried), units.Add(c.result, carried); max(argument, result) > maxBody {
		return fmt.Errorf("the argument (%d bytes) or the result (%d) exceeds, with %d bytes of states, "+
			"the %d bytes that a message may carry",
			c.argument, c.result, carried, maxBody)
	}
	return nil
}

func first(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return fields[0]
}

func parseState(text string, n *numbers) (callState, error) {
	f := strings.Split(text, ",")
	if len(f) < 3 {
		return callState{}, fmt.Errorf("%q is no state", text)
	}
	s := callState{state: n.index(f[1]), bytes: n.size(f[2])}
	switch {
	case f[0] == "c" && len(f) == 5:
		s.location, s.version, s.sum = plan.Carried, n.size(f[3]), n.sum(f[4])
	case (f[0] == "l" || f[0] == "o") && len(f) == 3:
		s.location, s.contested = plan.Local, f[0] == "o"
	case f[0] == "r" && len(f) == 4:
		s.location, s.repository = plan.Repository, f[3]
		if err := checkAddress(f[3]); err != nil {
			return s, err
		}
	default:
		return s, fmt.Errorf("%q is no state", text)
	}
	return s, nil
}

// numbers parses numbers and keeps the errors.
type numbers struct{ err error }

func (n *numbers) size(text string) int64 {
	v, err := strconv.ParseInt(text, 10, 64)
	if err == nil && v < 0 {
		err = fmt.Errorf("%s is negative", text)
	}
	n.err = errors.Join(n.err, err)
	return v
}

// index is a size that counts something: it is below 2^31.
func (n *numbers) index(text string) int {
	v := n.size(text)
	if v > math.MaxInt32 {
		n.err = errors.Join(n.err, fmt.Errorf("%s is too large", text))
	}
	return int(v)
}

func (n *numbers) sum(text string) uint32 {
	v, err := strconv.ParseUint(text, 16, 32)
	n.err = errors.Join(n.err, err)
	return uint32(v)
}

func formatVersion(version int64, sum uint32) string {
	return strconv.FormatInt(version, 10) + " " + strconv.FormatUint(uint64(sum), 16)
}

func parseVersion(text string) (version int64, sum uint32, err error) {
	v, s, _ := strings.Cut(text, " ")
	var n numbers
	version, sum = n.size(v), n.sum(s)
	return version, sum, n.err
}
