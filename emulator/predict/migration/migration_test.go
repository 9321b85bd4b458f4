package migration

import (
	"math"
	"testing"
	"time"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// wire is an engine whose messages take 10 ms and 1 us a byte.
type wire struct{}

func (wire) Name() string { return "wire" }

func (wire) Predict(plans []*plan.Plan) ([]predict.Prediction, error) {
	var p predict.Prediction
	at := 0.0
	for i, s := range plans[0].Steps {
		end := at + 0.01 + float64(s.Bytes)/1e6
		p.Steps = append(p.Steps, predict.StepPrediction{Index: i, Start: at, End: end})
		at = end
	}
	return []predict.Prediction{p}, nil
}

// full is what a round takes with a state of a megabyte; empty and last are last rounds, without it and with it.
const (
	full  = 1.02 + (headBytes+stateBytes)/1e6
	empty = 0.02 + (headBytes+keyBytes)/1e6
	last  = full + keyBytes/1e6
)

func TestPredict(t *testing.T) {
	one := Instance{Bytes: 1e6, States: 1}
	busy := func(in Instance, rate, drain float64) Instance {
		in.Rate, in.Drain = rate, drain
		return in
	}
	p := -math.Expm1(-0.5 * full) // that the state changes during a full round
	all := Move{To: 1, Rounds: 4, Small: 1000}
	for name, c := range map[string]struct {
		in   Instance
		move Move
		want Prediction
	}{
		"stop and copy": {
			busy(one, 100, 0.003), Move{To: 1},
			Prediction{Unavailable: last + 0.003, Drain: 0.003, Took: last + 0.003, Bytes: 1e6, Rounds: 1},
		},
		"pre-copy, nothing changes": {
			one, all, Prediction{Unavailable: empty, Took: full + empty, Bytes: 1e6, Rounds: 2},
		},
		"pre-copy, all changes": {
			busy(one, 1000, 0), all, Prediction{Unavailable: last, Took: 4*full + last, Bytes: 5e6, Rounds: 5},
		},
		"pre-copy, one state that changes now and then": {busy(one, 0.5, 0), Move{To: 1, Rounds: 2, Small: 1000}, Prediction{
			Unavailable: (1-p)*empty + p*((1-p)*empty+p*last),
			Took:        full + p*full + (1-p)*empty + p*((1-p)*empty+p*last),
			Bytes:       1e6 * (1 + p + p*p), Rounds: 2 + p,
		}},
		"stop and copy, a thousand states": {
			Instance{Bytes: 1e6, States: 1000}, Move{To: 1},
			Prediction{Unavailable: thousand + named, Took: thousand + named, Bytes: 1e6, Rounds: 1},
		},
		"pre-copy, a thousand states": {
			busy(Instance{Bytes: 1e6, States: 1000}, 1, 0), all, many(1),
		},
	} {
		got, err := Predict(wire{}, c.in, c.move)
		if err != nil || !near(got, c.want) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

// thousand is what a round takes with a thousand states of a kilobyte, and named what naming them takes in the last.
const (
	thousand = 0.02 + (headBytes+1000*stateBytes+1e6)/1e6
	named    = 1000 * keyBytes / 1e6
)

// many is what becomes of a thousand states of a kilobyte, one of which changes so often a second: about one during the
// first round, which is then small enough. The last names all of them.
func many(rate float64) Prediction {
	first := thousand
	share := -math.Expm1(-rate * first / 1000)
	second := 0.02 + (headBytes+math.Round(share*(1e6+1000*stateBytes)))/1e6
	again := -math.Expm1(-rate * second / 1000)
	last := 0.02 + named + (headBytes+math.Round(again*(1e6+1000*stateBytes)))/1e6
	return Prediction{Unavailable: last, Took: first + second + last, Bytes: 1e6 * (1 + share + again), Rounds: 3}
}

func near(a, b Prediction) bool {
	same := func(x, y float64) bool { return math.Abs(x-y) < 1e-6*(1+math.Abs(y)) }
	return same(a.Unavailable, b.Unavailable) && same(a.Drain, b.Drain) && same(a.Took, b.Took) &&
		same(a.Bytes, b.Bytes) && same(a.Rounds, b.Rounds)
}

// TestStartOfAProgram: the target's instance starts with the offer; what the copying does not take of that is waited
// for.
func TestStartOfAProgram(t *testing.T) {
	at := func(start float64, rounds int) Prediction {
		median := time.Duration(start * 1e9)
		p, err := Predict(wire{}, Instance{Bytes: 1e6, States: 1, Start: instance.Distribution{
			Median: median, P95: 3 * median,
		}}, Move{To: 1, Rounds: rounds})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	warm := at(0, 0)
	if soon := at(warm.Took/4, 0); !near(soon, warm) || soon.P95 != warm.P95 || warm.P95 != warm.Unavailable ||
		math.Abs(soon.Start-warm.Took/4) > 1e-6 {
		t.Errorf("%+v, with a start that is over before %+v", warm, soon)
	}
	if now := at(warm.Took/2, 0); !near(now, warm) || math.Abs(now.P95-1.5*warm.Unavailable) > 1e-6 {
		t.Errorf("%+v, with a start that mostly is over before %+v", warm, now)
	}
	if late := at(warm.Took+1, 0); math.Abs(late.Unavailable-warm.Unavailable-1) > 1e-6 || late.Bytes != warm.Bytes ||
		math.Abs(late.Took-warm.Took-1) > 1e-6 || math.Abs(late.P95-3*(warm.Took+1)) > 1e-6 {
		t.Errorf("%+v, %+v", warm, late)
	}
	copied := at(0, 1)
	if late := at(copied.Took+1, 1); math.Abs(late.Unavailable-copied.Unavailable-1) > 1e-6 {
		t.Errorf("%+v, %+v", copied, late)
	}
}
