package linktrace

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func delays(t testing.TB, text string, o SpreadOptions) *Spread {
	t.Helper()
	trace, err := ParseDelays("dir/d.csv", []byte(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return trace.Spread
}

// distance is Kolmogorov's and Smirnov's between what was drawn and the distribution, in which delays have steps.
func distance(s *Spread, drawn []int64) float64 {
	slices.Sort(drawn)
	n := float64(len(drawn))
	worst := 0.0
	for i := 0; i < len(drawn); {
		end := i
		for end < len(drawn) && drawn[end] == drawn[i] {
			end++
		}
		low, high := share01(s, drawn[i])
		// Up to the delay, and with it: of what is drawn and of the distribution.
		worst = max(worst, math.Abs(float64(i)/n-low), math.Abs(float64(end)/n-high))
		i = end
	}
	return worst
}

// share01 is the share of delays below d, and up to it; a nanosecond is rounded either way.
func share01(s *Spread, d int64) (below, upTo float64) {
	at := func(d float64, inclusive bool) float64 {
		p := 0.0
		for i, q := range s.Quantiles[1:] {
			a := s.Quantiles[i]
			switch {
			case float64(q.Delay) < d || inclusive && float64(q.Delay) == d:
				p = q.P
			case float64(a.Delay) < d && q.Delay > a.Delay:
				p = a.P + (q.P-a.P)*(d-float64(a.Delay))/float64(q.Delay-a.Delay)
			}
		}
		return p
	}
	return at(float64(d)-0.5, false), at(float64(d)+0.5, true)
}

// texts are distributions of each kind, with steps, gaps and long tails.
var texts = map[string]string{
	"samples":   "delay_ms\n10\n50\n10\n10\n22.5\n",
	"constant":  "delay_us\n70\n",
	"cdf":       "delay_ms,cdf\n5,10%\n20,50%\n20,60%\n25,60%\n300,1\n",
	"histogram": "from_ms,to_ms,count\n0,1,5\n1,2,90\n2,5,0\n100,120,5\n",
}

// TestAMillionDrawsHaveTheDistribution: correlated or not, and the same for the same seed.
func TestAMillionDrawsHaveTheDistribution(t *testing.T) {
	const count = 1_000_000
	for name, text := range texts {
		for _, o := range []SpreadOptions{{}, {Correlation: 0.9}, {Coherence: 20e6}} {
			s := delays(t, text, o)
			draw := func() []int64 {
				random, sampler, all := rand.New(rand.NewPCG(7, 8)), NewSampler(s), make([]int64, count)
				for i := range all {
					all[i] = sampler.Next(random, int64(i)*1e6)
				}
				return all
			}
			first := draw()
			if !slices.Equal(first, draw()) {
				t.Errorf("%s, %+v: the same seed gives other delays", name, o)
			}
			if (o != SpreadOptions{}) && name == "histogram" {
				if r := correlation(first); r < 0.3 {
					t.Errorf("%s, %+v: the delays of packets that follow each other have a correlation of %.2f", name, o, r)
				}
			}
			if d := distance(s, first); d > 0.01 {
				t.Errorf("%s, %+v: a distance of %.4f", name, o, d)
			}
		}
	}
}

// correlation is that of each value's rank with the next one's, by their logarithms' order of magnitude.
func correlation(values []int64) float64 {
	mean, n := 0.0, float64(len(values)-1)
	for _, v := range values {
		mean += math.Log(float64(v+1)) / (n + 1)
	}
	cross, square := 0.0, 0.0
	for i, v := range values[1:] {
		a, b := math.Log(float64(values[i]+1))-mean, math.Log(float64(v+1))-mean
		cross, square = cross+a*b, square+a*a
	}
	return cross / square
}

func TestMeansOfDistributions(t *testing.T) {
	for name, want := range map[string][2]float64{"samples": {20.5e6, 10e6}, "constant": {70e3, 70e3},
		"cdf": {0.1*5e6 + 0.4*12.5e6 + 0.1*20e6 + 0.4*162.5e6, 5e6}, "histogram": {0.05*0.5e6 + 0.9*1.5e6 + 0.05*110e6, 0}} {
		s := delays(t, texts[name], SpreadOptions{})
		if got := float64(s.mean()); math.Abs(got-want[0]) > 1 || float64(s.Least()) != want[1] {
			t.Errorf("%s: mean %v, least %v, not %v", name, got, s.Least(), want)
		}
	}
}

func TestBadDistributions(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "d.csv:1: it is empty; begin with",
		"delay\n":                           "d.csv:1: there is no row",
		"delay\n5\n":                        `d.csv:2: "5" has no unit`,
		"delay_parsec\n5\n":                 "d.csv:1: the column delay is in no unit",
		"delay_ms,loss\n5,1\n":              "d.csv:1: the columns \"delay_ms,loss\" are no distribution; begin with",
		"delay_ms,cdf\n5,0.2\n4,1\n":        "d.csv:3: delay or cdf is less",
		"delay_ms,cdf\n5,0.2\n6,0.9\n":      "d.csv:3: the last cdf is 0.9; end with 1",
		"delay_ms,cdf\n5,0.2\n6,1.1\n":      "out of range",
		"from_ms,to_ms,count\n2,1,1\n":      "ends before it begins",
		"from_ms,to_ms,count\n0,2,1\n1,3,1": "d.csv:3: the bin begins before",
		"from_ms,to_ms,count\n0,2,0\n":      "nothing was counted",
		"delay_s\n3601\n":                   "d.csv:2: a delay is longer than an hour",
		"delay_ms\n1,2\n":                   "d.csv:2: there are 2 values in 1 column",
	} {
		_, err := ParseDelays("d.csv", []byte(text), SpreadOptions{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for _, bad := range []Spread{{}, {Quantiles: []Quantile{{0, 1}}}, {Quantiles: []Quantile{{0, 2}, {1, 1}}},
		{Quantiles: []Quantile{{0, 2}, {math.NaN(), 2}, {1, 3}}}, {Quantiles: []Quantile{{0.5, 2}, {1, 3}}},
		{Quantiles: []Quantile{{0, 2}, {1, 3}}, Correlation: 1}, {Quantiles: []Quantile{{0, -2}, {1, 3}}},
		{Quantiles: []Quantile{{0, 2}, {1, 3}}, Correlation: 0.5, Coherence: 5}} {
		if (&Trace{Spread: &bad}).Check() == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func FuzzParseDelays(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text), 0.5)
	}
	f.Fuzz(func(t *testing.T, text []byte, p float64) {
		trace, err := ParseDelays("f", text, SpreadOptions{Correlation: 0.5})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f") {
				t.Errorf("no file is named: %v", err)
			}
			return
		}
		s := trace.Spread
		last := s.Quantiles[len(s.Quantiles)-1].Delay
		if d := s.Quantile(math.Abs(math.Mod(p, 1))); d < s.Least() || d > last {
			t.Errorf("a delay of %d is not between %d and %d", d, s.Least(), last)
		}
		random, sampler := rand.New(rand.NewPCG(1, 1)), NewSampler(s)
		for range 10 {
			if d := sampler.Next(random, 0); d < s.Least() || d > last {
				t.Errorf("a delay of %d is not between %d and %d", d, s.Least(), last)
			}
		}
		if m := trace.Mean(); m.Delay < s.Least() || m.Delay > last {
			t.Errorf("a mean of %d is not between %d and %d", m.Delay, s.Least(), last)
		}
	})
}
