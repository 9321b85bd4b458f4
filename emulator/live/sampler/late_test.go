package sampler

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"testbed/emulator/health"
)

// teller is a fabric that tells what it is given.
type teller struct {
	fake
	now health.Health
	err error
}

func (f *teller) Health(_ context.Context, since uint64) (health.Health, error) {
	if since != nothingNew {
		return health.Health{}, errors.New("it is asked for spells, which somebody else keeps")
	}
	return f.now, f.err
}

func TestLatenessOfAnInterval(t *testing.T) {
	f := &teller{}
	s := &Sampler{config: Config{Fabric: f}}
	write := func(late time.Duration, packets int) {
		for range packets {
			f.now.Written.Record(int64(late))
		}
		f.now.Now += int64(time.Second)
		f.now.Busy += 250 * time.Millisecond
	}
	write(time.Second, 5)
	if l := s.late(t.Context()); l != nil {
		t.Errorf("since the begin: %+v", l)
	}
	write(10*time.Microsecond, 98)
	write(2*time.Millisecond, 2)
	l := s.late(t.Context())
	if l == nil || l.Packets != 100 || l.Busy != 0.25 || math.Abs(l.P50-10e-6) > 1e-6 || math.Abs(l.P99-2e-3) > 1e-4 ||
		math.Abs(l.Max-2e-3) > 1e-4 {
		t.Errorf("%+v", l)
	}
	f.now.Now += int64(time.Second)
	if l := s.late(t.Context()); l == nil || l.Packets != 0 || l.P99 != 0 {
		t.Errorf("without packets: %+v", l)
	}
	f.err = errors.New("it has ended")
	if l := s.late(t.Context()); l != nil {
		t.Errorf("of one that has ended: %+v", l)
	}
	f.err, f.now = nil, health.Health{From: 7, Report: health.Report{Now: 8}}
	if l := s.late(t.Context()); l != nil {
		t.Errorf("at the begin of another: %+v", l)
	}
	if l := (&Sampler{config: Config{Fabric: &fake{}}}).late(t.Context()); l != nil {
		t.Errorf("of one that does not tell: %+v", l)
	}
}
