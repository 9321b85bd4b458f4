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
	if err != nil || !got[1].Skipped || got[1].Off() || got[1].Verdict == "" {
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
	p.EchoLoss = 0.001 // an echo lost of 200 is no fault
	if f := judgeRTT(p, make([]time.Duration, 199), 200, Tolerance{RTTMedian: time.Second, RTTTail: time.Second}); !f.OK {
		t.Errorf("%+v", f)
	}
}
