package record

import "errors"

// Mirror is a sink that gives everything to a first sink, whose failures are failures, and to others,
// whose failures only show in their own Counts.
type Mirror struct {
	Sink
	others []Sink
}

// NewMirror makes a mirror of first in others.
func NewMirror(first Sink, others ...Sink) *Mirror { return &Mirror{first, others} }

// Write implements Sink.
func (m *Mirror) Write(chain Chain, steps []Step) error {
	err := m.Sink.Write(chain, steps)
	for _, s := range m.others {
		_ = s.Write(chain, steps) // counted there
	}
	return err
}

// Observe implements Observer: it passes points on to those sinks that take them.
func (m *Mirror) Observe(links []Link, host *Host) error {
	var err error
	if first, ok := m.Sink.(Observer); ok {
		err = first.Observe(links, host)
	}
	for _, s := range m.others {
		if other, ok := s.(Observer); ok {
			_ = other.Observe(links, host)
		}
	}
	return err
}

// Flush implements Sink.
func (m *Mirror) Flush() error {
	err := m.Sink.Flush()
	for _, s := range m.others {
		_ = s.Flush()
	}
	return err
}

// Close implements Sink. Unlike Write it returns the others' errors as well, for this is the last
// occasion to learn of them.
func (m *Mirror) Close() error {
	errs := []error{m.Sink.Close()}
	for _, s := range m.others {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
