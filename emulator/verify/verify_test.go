package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric/measure"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// exact is a verifier whose network is as it should be: RTT 20 ms, and the rate given, whatever it is asked for.
func exact(rate func(warmup, duration time.Duration, congestion string) (float64, error)) verifier {
	return verifier{
		Options: Options{PerClass: 1, Pings: 100, Duration: time.Second, Tolerance: DefaultTolerance},
		echo: func(_ context.Context, _ netns.Ref, _ netip.Addr, count int, _ time.Duration) ([]time.Duration, error) {
			times := make([]time.Duration, count)
			for i := range times {
				times[i] = 20*time.Millisecond + 4*(10*units.Mbps).Serialization(pingFrame)
			}
			return times, nil
		},
		goodput: func(_ context.Context, _, _ netns.Ref, _ netip.Addr,
			warmup, duration time.Duration, congestion string) (float64, error) {
			return rate(warmup, duration, congestion)
		},
	}
}

// What a full segment has, and its frame.
const (
	payload   = 1448
	dataFrame = 1514
)

const tenMbps = 10e6 * payload / dataFrame

func TestVerifyWaitsForTCPToFindTheRate(t *testing.T) {
	tries := 0
	slow := exact(func(warmup, _ time.Duration, _ string) (float64, error) {
		tries++
		if warmup < 2*time.Second {
			return tenMbps / 2, nil
		}
		return tenMbps, nil
	})
	got, err := slow.all(t.Context(), star(t, 2), nil)
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, f := range got {
		if !f.OK || f.Skipped || f.Verdict != "ok" && !strings.HasPrefix(f.Verdict, "ok; the limit is ") {
			t.Errorf("%+v", f)
		}
	}
	if tries != 4 {
		t.Errorf("%d tries for two rates, want 4", tries)
	}
}

func TestVerifyTellsWhatRemainsOff(t *testing.T) {
	off := exact(func(time.Duration, time.Duration, string) (float64, error) { return 1.1 * tenMbps, nil })
	got, err := off.all(t.Context(), star(t, 2), nil)
	if err != nil || len(got) != 3 || got[1].OK || !got[1].Off() || math.Abs(got[1].Error-0.1) > 1e-6 {
		t.Fatalf("%+v, %v", got, err)
	}
	unsteady := exact(func(time.Duration, time.Duration, string) (float64, error) { return 1, measure.ErrUnsteady })
	got, err = unsteady.all(t.Context(), star(t, 2), nil)
	if err != nil || !got[1].Unmeasured || got[1].Skipped || got[1].Off() || got[1].Verdict == "" {
		t.Errorf("%+v, %v", got, err)
	}
	broken := exact(func(time.Duration, time.Duration, string) (float64, error) { return 0, errors.New("no route") })
	if _, err = broken.all(t.Context(), star(t, 2), nil); err == nil || !strings.Contains(err.Error(), "no route") {
		t.Errorf("%v", err)
	}
}

// The window is long beside delay and jitter, whatever duration was asked for.
func TestVerifyMeasuresLongWaysForLonger(t *testing.T) {
	var least time.Duration
	long := exact(func(_, duration time.Duration, _ string) (float64, error) { least = duration; return tenMbps, nil })
	n := star(t, 2)
	shape := &n.Topology.Vertices[at(t, n, "l0")].Shape
	shape[0] = topology.Shape{Rate: 10 * units.Mbps, Delay: 100 * time.Millisecond, Jitter: 90 * time.Millisecond}
	if _, err := long.all(t.Context(), n, nil); err != nil || least < 4*time.Second {
		t.Errorf("%v for a jitter of 90 ms, %v", least, err)
	}
}

// A queue that holds less than TCP gives up after a loss leaves the link idle at times: what is there is a bound.
func TestVerifyOfAShortQueue(t *testing.T) {
	n := star(t, 2)
	n.Queues = map[topology.Channel]units.ByteSize{}
	for _, link := range []string{"l0", "l1"} {
		for dir := range 2 {
			n.Queues[topology.Channel{Link: at(t, n, link), Dir: dir}] = 10 * units.KiB // of 25 kB under way
		}
	}
	for share, want := range map[float64]string{0.6: "ok: at most", 1: "ok: at most", 1.1: "off by more"} {
		tries := 0
		v := exact(func(time.Duration, time.Duration, string) (float64, error) { tries++; return share * tenMbps, nil })
		v.Only = "rate"
		got, err := v.all(t.Context(), n, nil)
		if err != nil || len(got) != 2 || tries != 2 || !got[0].Bound || got[0].Off() == (share <= 1) ||
			!strings.HasPrefix(got[0].Verdict, want) {
			t.Errorf("%g of the rate: %+v, %v; %d tries", share, got, err, tries)
		}
	}
}

// Over a link that loses, Reno is held against the bound that its losses set, or the link's rate.
func TestVerifyOfLosses(t *testing.T) {
	n := star(t, 2)
	for _, link := range []string{"l0", "l1"} {
		for dir := range 2 {
			n.Topology.Vertices[at(t, n, link)].Shape[dir] = topology.Shape{Rate: 100 * units.Mbps,
				Delay: 5 * time.Millisecond, Loss: 0.005}
		}
	}
	// 20 ms and 1 %: 1448 B / 20 ms · 1.31 / 0.1 = 7.6 Mb/s, far below the rate.
	want := payload * 8 / 0.020 * 1.31 / math.Sqrt(1-0.995*0.995)
	for share, ok := range map[float64]bool{0.4: true, 1: true, 1.3: true, 2: false, 10: false} {
		v := exact(func(_, _ time.Duration, congestion string) (float64, error) {
			if congestion != "reno" {
				t.Errorf("measured by %q, of which the bound is not", congestion)
			}
			return share * want, nil
		})
		v.Only = "rate"
		got, err := v.all(t.Context(), n, nil)
		if err != nil || len(got) != 2 || got[0].OK != ok || !got[0].Bound || got[0].Skipped ||
			math.Abs(got[0].Target/want-1) > 0.02 {
			t.Errorf("%g of the bound: %+v, %v", share, got, err)
		}
		if !strings.Contains(got[0].Verdict, fmt.Sprintf("%.2g %% loss", 0.9975)) {
			t.Errorf("verdict %q", got[0].Verdict)
		}
	}
}

func TestJudgementOfLostEchoes(t *testing.T) {
	p := Probe{RTT: 10 * time.Millisecond, EchoLoss: 0.1}
	for answered, ok := range map[int]bool{200: false, 180: true, 165: true, 100: false} {
		samples := make([]time.Duration, answered)
		for i := range samples {
			samples[i] = p.RTT
		}
		if f := judgeRTT(p, samples, 200, DefaultTolerance); f.OK != ok {
			t.Errorf("%d of 200 answered: %+v", answered, f)
		}
	}
	lenient := Tolerance{RTTMedian: time.Second, RTTTail: time.Second}
	p.EchoLoss = 0.001 // an echo lost of 200 is no fault
	if f := judgeRTT(p, make([]time.Duration, 199), 200, lenient); !f.OK {
		t.Errorf("%+v", f)
	}
	// Where none is to be lost, one may be, and more are a fault however many answers are right.
	for lost := range 201 {
		f := judgeRTT(Probe{}, make([]time.Duration, 200-lost), 200, lenient)
		if f.OK != (lost <= 1) || f.Off() == f.OK {
			t.Errorf("%d lost of 200 that are all to come back: %+v", lost, f)
		}
	}
	// Of those that are spoilt any number may be.
	p = Probe{EchoLoss: 0.1, EchoSpoilt: 0.2}
	for answered, ok := range map[int]bool{200: false, 180: true, 160: true, 140: true, 100: false, 1: false} {
		if f := judgeRTT(p, make([]time.Duration, answered), 200, lenient); f.OK != ok {
			t.Errorf("%d of 200 answered, some of them spoilt: %+v", answered, f)
		}
	}
}

// TestLossThatNobodyWants: a link that loses what it is not to is off, whether its rate is limited or not, each time it
// is asked, and one that a busy host was too late for is not.
func TestLossThatNobodyWants(t *testing.T) {
	for name, c := range map[string]struct {
		lost [roundTripTries]int // echoes, by try
		ok   bool
	}{
		"none":           {[...]int{0, 0, 0}, true},
		"one":            {[...]int{1, 1, 1}, true},
		"two, each time": {[...]int{2, 2, 2}, false},
		"half":           {[...]int{50, 50, 50}, false},
		"all but one":    {[...]int{99, 99, 99}, false},
		"for a moment":   {[...]int{40, 30, 0}, true},
		"all, then half": {[...]int{100, 50, 50}, false},
	} {
		v := exact(nil)
		whole, try := v.echo, 0
		v.echo = func(ctx context.Context, from netns.Ref, to netip.Addr, n int, i time.Duration) ([]time.Duration, error) {
			all, err := whole(ctx, from, to, n, i)
			lost := c.lost[try]
			try++
			return all[lost:], err
		}
		v.Only = "rtt"
		got, err := v.all(t.Context(), star(t, 2), nil)
		if err != nil || len(got) != 1 || got[0].OK != c.ok || got[0].Off() == c.ok {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		if !c.ok && (got[0].Measured == 0 || !strings.Contains(got[0].Verdict, "echoes lost, expected 0.0")) {
			t.Errorf("%s: %+v", name, got[0])
		}
	}
}

// TestNothingArrives: small packets pass and large ones do not. That is no failure to measure, but a rate of 0.
func TestNothingArrives(t *testing.T) {
	for name, alter := range map[string]func(*topology.Shape){
		"a link":               func(*topology.Shape) {},
		"one that loses some":  func(s *topology.Shape) { s.Loss = 0.005 },
		"one of a short queue": func(s *topology.Shape) { s.Queue = 3000 },
	} {
		n := star(t, 2)
		for _, link := range []string{"l0", "l1"} {
			for dir := range 2 {
				alter(&n.Topology.Vertices[at(t, n, link)].Shape[dir])
			}
		}
		n.Queues = n.Topology.QueueLimits()
		v := exact(func(time.Duration, time.Duration, string) (float64, error) {
			return 0, fmt.Errorf("throughput: %w in 1s", measure.ErrNothing)
		})
		v.Only = "rate"
		got, err := v.all(t.Context(), n, nil)
		if err != nil || len(got) != 2 {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		for _, f := range got {
			if !f.Off() || f.Measured != 0 || f.Target <= 0 || f.Error != -1 || !strings.Contains(f.Verdict, "nothing") {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// TestAFailureKeepsNothingElseFromBeingMeasured, unless all fails, or nobody waits any more.
func TestAFailureKeepsNothingElseFromBeingMeasured(t *testing.T) {
	for name, c := range map[string]struct {
		fails         func(i int) bool
		found, failed int
	}{
		"none":            {func(int) bool { return false }, 8, 0},
		"the first":       {func(i int) bool { return i == 0 }, 7, 1},
		"each second one": {func(i int) bool { return i%2 == 0 }, 4, 4},
		"all":             {func(int) bool { return true }, 0, mostFailures},
	} {
		n, i := star(t, 4), 0
		for k, link := range n.Topology.Links() {
			n.Topology.Vertices[link].Class = fmt.Sprint("class ", k)
		}
		v := exact(nil)
		v.goodput = func(context.Context, netns.Ref, netns.Ref, netip.Addr, time.Duration, time.Duration, string,
		) (float64, error) {
			i++
			if c.fails(i - 1) {
				return 0, fmt.Errorf("no route (%d)", i)
			}
			return tenMbps, nil
		}
		v.Only = "rate"
		got, err := v.all(t.Context(), n, nil)
		failed := 0
		if err != nil {
			failed = strings.Count(err.Error(), "no route")
		}
		if failed != c.failed || len(got) != c.found {
			t.Errorf("%s: %d found, %d failed: %v", name, len(got), failed, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	v := exact(func(time.Duration, time.Duration, string) (float64, error) {
		calls++
		cancel()
		return 0, context.Canceled
	})
	if _, err := v.all(ctx, star(t, 2), nil); !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

// TestNodesThatDoNotRunAreAFault, as is what is cut off by that; what is down by intent is none.
func TestNodesThatDoNotRunAreAFault(t *testing.T) {
	v := exact(func(time.Duration, time.Duration, string) (float64, error) { return tenMbps, nil })
	n := star(t, 3)
	dead := []string{n.Topology.Vertices[n.Stations[0].ID].Name}
	got, err := v.all(t.Context(), n, dead)
	if err != nil || len(got) < 3 || !got[0].Unmeasured || got[0].From != dead[0] {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, s := range n.Stations[1:] {
		dead = append(dead, n.Topology.Vertices[s.ID].Name)
	}
	if got, err = v.all(t.Context(), n, dead); err != nil {
		t.Fatal(err)
	}
	for _, f := range got {
		if !f.Unmeasured || f.Skipped || f.OK || f.Off() {
			t.Errorf("all are dead: %+v", f)
		}
	}
	for _, s := range n.Stations {
		n.Down = append(n.Down, s.ID)
	}
	if got, err = v.all(t.Context(), n, nil); err != nil || len(got) == 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, f := range got {
		if !f.Skipped || f.Unmeasured || f.Off() {
			t.Errorf("all are down: %+v", f)
		}
	}
}
