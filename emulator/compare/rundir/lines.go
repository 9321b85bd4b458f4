package rundir

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"testbed/emulator/compare"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/plan"
	"testbed/emulator/record/lineprotocol"
)

// reader puts chains together from the lines of samples.lp. A chain's steps follow it at once, as they are
// written, so that one chain at a time is held. It looks at the few fields that a comparison needs and
// allocates nothing per field: a run of 100,000 chains has more than a million lines.
type reader struct {
	each  func(*compare.Chain) error
	chain compare.Chain
	open  bool // chain holds one
	stray int  // steps that do not follow their chain
	texts map[string]string
	roles map[string]plan.Role
}

func newReader(each func(*compare.Chain) error) *reader {
	r := &reader{each: each, texts: map[string]string{}, roles: map[string]plan.Role{}}
	for role := plan.Request; role <= plan.Start; role++ {
		r.roles[role.String()] = role
	}
	return r
}

const (
	// mostSteps bounds a chain's steps, and mostTexts the tags' values of which one copy is kept.
	mostSteps = 1 << 20
	mostTexts = 10_000
)

// read reads all lines and calls each for every chain. Whether the last line is cut off, as a crash
// leaves it, it says instead of failing.
func (r *reader) read(in io.Reader) (truncated bool, err error) {
	err = lineprotocol.Scan(in, r.line, "link", "host")
	if truncated = errors.Is(err, lineprotocol.ErrTruncated); err != nil && !truncated {
		return false, err
	}
	return truncated, r.flush()
}

func (r *reader) flush() error {
	if !r.open {
		return nil
	}
	r.open = false
	return r.each(&r.chain)
}

func (r *reader) line(line *lineprotocol.Line) error {
	switch line.Measurement {
	case "chain":
		if err := r.flush(); err != nil {
			return err
		}
		return r.readChain(line)
	case "step":
		return r.readStep(line)
	}
	return nil
}

func (r *reader) readChain(line *lineprotocol.Line) error {
	c := compare.Chain{Steps: r.chain.Steps[:0]}
	err := walk(line, func(name, value []byte) (err error) {
		switch string(name) {
		case "model":
			c.Model = plan.Model(r.text(value))
		case "policy":
			c.Policy = r.text(value)
		case "length":
			c.Length, err = strconv.Atoi(string(value))
		}
		return err
	}, func(name []byte, value lineprotocol.Value) (err error) {
		switch string(name) {
		case "index":
			c.Index, err = integer(value)
		case "job":
			c.Job, err = value.Text()
		case "error":
			c.Err, err = value.Text()
		case "latency_s":
			c.Total, err = value.Float()
		case "network_s":
			c.Network, err = value.Float()
		case "processing_s":
			c.Processing, err = value.Float()
		case "states":
			c.States, err = integer(value)
		case "lost":
			c.Lost, err = integer(value)
		default:
			err = trust(&c, name, value)
		}
		return err
	})
	if err != nil {
		return err
	}
	if c.Total > 0 {
		c.Err = "" // it came to its end; lost state alone does not take its times away
	}
	r.chain, r.open = c, true
	return nil
}

// trust reads what says how far a chain can be trusted. What the host may have added is known only where the fabric
// tells of its own part.
func trust(c *compare.Chain, name []byte, value lineprotocol.Value) (err error) {
	switch string(name) {
	case "start_ns":
		var start int
		start, err = integer(value)
		c.Start = int64(start)
	case "host_late_s":
		c.HostLate, err = value.Float()
	case "host_late_fabric_s":
		c.HostKnown = true
	case "late_s":
		c.Late, err = value.Float()
	case "disturbed":
		c.Disturbed, err = value.Bool()
	case "weight":
		c.Weight, err = value.Float()
	case "picked":
		c.Picked, err = integer(value)
	case "picked_as_predicted":
		c.Foreseen, err = integer(value)
	}
	return err
}

func (r *reader) readStep(line *lineprotocol.Line) error {
	var model plan.Model
	var s compare.Step
	chain, known := 0, false
	err := walk(line, func(name, value []byte) (err error) {
		switch string(name) {
		case "model":
			model = plan.Model(r.text(value))
		case "role":
			s.Role, known = r.roles[string(value)]
		case "step":
			s.Index, err = strconv.Atoi(string(value))
		}
		return err
	}, func(name []byte, value lineprotocol.Value) (err error) {
		switch string(name) {
		case "chain":
			chain, err = integer(value)
		case "duration_s":
			s.Duration, err = value.Float()
		case "offset_s":
			s.Begin, err = value.Float()
		case "task":
			s.Task, err = integer(value)
		case "start_s":
			s.Started, err = value.Float()
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !r.open || model != r.chain.Model || chain != r.chain.Index:
		r.stray++
	case known && len(r.chain.Steps) == mostSteps:
		return fmt.Errorf("a chain of more than the %d steps that are read: %w", mostSteps, readfile.ErrLimit)
	case known:
		r.chain.Steps = append(r.chain.Steps, s)
	}
	return nil
}

// walk walks through a line, which must have a time.
func walk(line *lineprotocol.Line, tag func(name, value []byte) error,
	field func(name []byte, value lineprotocol.Value) error) error {
	at, err := line.Walk(tag, field)
	if err == nil && at.IsZero() {
		err = fmt.Errorf("%w: it has no time", lineprotocol.ErrInvalid)
	}
	return err
}

// text keeps one copy of each tag's value.
func (r *reader) text(value []byte) string {
	if s, ok := r.texts[string(value)]; ok {
		return s
	}
	text := string(value)
	if len(r.texts) < mostTexts {
		r.texts[text] = text
	}
	return text
}

func integer(value lineprotocol.Value) (int, error) {
	n, err := value.Int()
	return int(n), err
}
