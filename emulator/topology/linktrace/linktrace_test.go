package linktrace

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func parsed(t testing.TB, text string, o Options) *Trace {
	t.Helper()
	trace, err := Parse("dir/test.trace", []byte(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// packet is one of a queue, with what is left of it.
type packet struct{ at, left, departs int64 }

// mahimahi does, opportunity by opportunity, what the program of that name does: an opportunity serves what waits, of
// as many packets as there are, and is lost where nothing waits.
func mahimahi(times []uint32, turns int, packets []packet) {
	period := int64(times[len(times)-1])
	head := 0
	for turn := range turns {
		for _, ms := range times {
			at := (int64(turn)*period + int64(ms)) * millisecond
			for left := int64(Opportunity); left > 0 && head < len(packets) && packets[head].at <= at; {
				p := &packets[head]
				part := min(left, p.left)
				p.left, left = p.left-part, left-part
				if p.left == 0 {
					p.departs = at
					head++
				}
			}
		}
	}
}

func TestServerDepartsAsMahimahiDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		trace := &Trace{Opportunities: []uint32{uint32(random.IntN(3))}}
		for range 1 + random.IntN(40) {
			last := trace.Opportunities[len(trace.Opportunities)-1]
			trace.Opportunities = append(trace.Opportunities, last+uint32(random.IntN(5)))
		}
		trace.Opportunities = append(trace.Opportunities, trace.Opportunities[len(trace.Opportunities)-1]+1)
		if err := trace.Check(); err != nil {
			t.Fatal(err)
		}
		var packets []packet
		at := int64(0)
		for i := range 300 {
			if i > 0 || round%2 == 0 { // in every other round the first is there when the trace begins
				at += random.Int64N(4 * millisecond)
			}
			packets = append(packets, packet{at: at, left: 1 + random.Int64N(4000)})
		}
		server := NewServer(trace)
		var got, waits []int64
		sent := 0
		for i, p := range packets {
			got = append(got, server.Send(p.at, p.left+EthernetHeader, 1))
			waits = append(waits, server.Backlog(p.at))
			sent = i
		}
		all := append([]packet(nil), packets...)
		mahimahi(trace.Opportunities, 10_000, all)
		for i := range all {
			if got[i] != all[i].departs {
				t.Fatalf("round %d: packet %d departs at %d, not %d", round, i, got[i], all[i].departs)
			}
			if waits[i] < 0 || waits[i] > 4000*int64(i+1) {
				t.Fatalf("round %d: %d bytes wait at packet %d", round, waits[i], i)
			}
		}
		if sent != 299 {
			t.Fatal("not all packets were sent")
		}
	}
}

// TestBacklogIsWhatHasNotDeparted holds it against the packets themselves, for what departs at whole opportunities.
func TestBacklogIsWhatHasNotDeparted(t *testing.T) {
	trace := parsed(t, "3\n3\n5\n9\n", Options{})
	server := NewServer(trace)
	var departs []int64
	for range 12 { // all come at 0, one for each opportunity of three turns
		departs = append(departs, server.Send(0, Opportunity+EthernetHeader, 1))
	}
	for now := int64(0); now <= departs[11]; now += millisecond / 4 {
		waiting := int64(0)
		for _, d := range departs {
			if d > now {
				waiting += Opportunity
			}
		}
		if got := server.Backlog(now); got != waiting {
			t.Fatalf("at %d: %d bytes wait, not %d", now, got, waiting)
		}
	}
}

// TestEveryOpportunityIsUsedOnce: a saturated link carries, second by second, what the reference trace has room for,
// its wrap included, from any start.
func TestEveryOpportunityIsUsedOnce(t *testing.T) {
	for _, name := range []string{"lte-a.up", "lte-a.down"} {
		path := filepath.Join("..", "..", "..", "..", "shared", "reference", "links", name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Skipf("the reference data are not here: %v", err)
		}
		trace := parsed(t, string(text), Options{})
		if lines := bytes.Count(text, []byte("\n")); len(trace.Opportunities) != lines {
			t.Fatalf("%s: %d opportunities in %d lines", name, len(trace.Opportunities), lines)
		}
		for _, start := range []int64{0, 17_003_000_001, -5_500_000} {
			server, carried := NewServer(trace), map[int64]int64{}
			end := start + 2*int64(trace.Period())
			for at := start; at < end; {
				at = server.Send(start, Opportunity+EthernetHeader, 1) // all wait from the start
				carried[floorDiv(at, 1e9)]++
			}
			for s := floorDiv(start, 1e9) + 1; s < floorDiv(end, 1e9); s++ {
				if want := trace.opportunitiesIn(s*1e9, (s+1)*1e9); carried[s] != want {
					t.Fatalf("%s from %d: %d packets in second %d, with %d opportunities", name, start, carried[s], s, want)
				}
			}
		}
	}
}

// integral is what a trace carries between two instants, in bits, by small steps.
func integral(trace *Trace, from, to int64) float64 {
	const step = 1000
	sum := 0.0
	for at := from; at < to; at += step {
		sum += trace.At(at+step/2).Rate * step / 1e9
	}
	return sum
}

func TestRatesAreIntegrated(t *testing.T) {
	const rows = "time,rate\n0,8Mbps\n0.5,0bps\n0.75,2Mbps\n1,24Mbps\n1.5,4Mbps\n"
	for _, o := range []Options{{}, {Linear: true}, {End: Hold}, {Linear: true, End: Hold}} {
		trace := parsed(t, rows, o)
		server := NewServer(trace)
		random := rand.New(rand.NewPCG(3, 4))
		at, before, bytes := int64(0), int64(0), int64(0)
		begin := int64(-1)
		for i := range 400 {
			if i%100 == 50 {
				at = before + random.Int64N(int64(time.Second)) // it was idle
			}
			size := 64 + random.Int64N(1450)
			if at > before {
				begin, bytes = at, 0
			}
			if begin < 0 {
				begin = 0
			}
			departs := server.Send(at, size, 1)
			bytes += size
			if departs < before || departs <= at {
				t.Fatalf("%+v: packet %d of %d departs at %d", o, i, at, departs)
			}
			if i%40 == 39 {
				if got := integral(trace, begin, departs); math.Abs(got-float64(8*bytes)) > 200 {
					t.Errorf("%+v: %v bits were sent in the time of %v", o, 8*bytes, got)
				}
				if waits := server.Backlog(begin); waits < bytes-1 || waits > bytes+1 {
					t.Errorf("%+v: of %d bytes %d wait", o, bytes, waits)
				}
			}
			before = departs
		}
		if got, want := trace.Bits(250e6, 2250e6), integral(trace, 250e6, 2250e6); math.Abs(got-want) > 1e-4*want {
			t.Errorf("%+v: %v bits in two seconds, not %v", o, got, want)
		}
	}
}

func TestMean(t *testing.T) {
	trace := parsed(t, "time,rate_mbps,delay_ms,jitter_ms,loss,queue\n"+
		"10,8,20,2,0,20kB\n11,0,40,4,2%,30kB\n14,0,0,0,0,1514\n",
		Options{})
	mean := trace.Mean()
	if mean.Rate != 2e6 || mean.Delay != 35e6 || mean.Jitter != 3.5e6 ||
		math.Abs(mean.Loss-0.015) > 1e-12 || mean.Queue != 30_000 {
		t.Errorf("%+v", mean)
	}
	if k := trace.At(3_999_999_999); k.Delay != 40e6 || k.Queue != 30_000 {
		t.Errorf("just before the end it is %+v", k)
	}
	if k := trace.At(4_000_000_000); k.Delay != 20e6 || k.Rate != 8e6 {
		t.Errorf("it does not begin anew: %+v", k)
	}
	linear := parsed(t, "time_ms,delay\n0,10ms\n10,20ms\n", Options{Linear: true})
	if k := linear.At(12_500_000); k.Delay != 12_500_000 {
		t.Errorf("a quarter of the way it is %+v", k)
	}
	if m := parsed(t, "1\n2\n3\n4\n", Options{}).Mean(); m.Rate != 1514*8*1000 {
		t.Errorf("a packet a millisecond is %v bit/s", m.Rate)
	}
}

func TestWhatIsWrongIsSaidWithLineAndRemedy(t *testing.T) {
	for _, c := range []struct {
		text, want string
		o          Options
	}{
		{"1\nx\n", `test.trace:2: "x" is not a time in whole milliseconds; write one number`, Options{}},
		{"1\n\n2\n", `test.trace:2: "" is not a time`, Options{}},
		{"1\n5\n4\n", "test.trace:3: 4 ms is before the 5 ms of the line above; sort", Options{}},
		{"0\n0\n", "all of its opportunities are at 0", Options{}},
		{"1\n86400001\n", "test.trace:2: 86400001 ms is more than a day", Options{}},
		{"-1\n", "test.trace:1: the column", Options{}},
		{"-1\n", "test.trace:1: \"-1\" is not a time", Options{Format: Mahimahi}},
		{"", "test.trace:1: it is empty; begin with a row of names", Options{}},
		{"", "test.trace:1: there is no opportunity", Options{Format: Mahimahi}},
		{"1\n2\n", "leave interpolate out", Options{Linear: true}},
		{"1\n2\n", "leave end out", Options{End: Hold}},
		{"time,rat\n0,1\n", `test.trace:1: the column "rat" is unknown; begin with a row of names`, Options{}},
		{"time,rate_foo\n0,1\n", "is in no unit that is known here: write rate_bps, rate_kbps", Options{}},
		{"rate\n1Mbps\n", "test.trace:1: there is no column time", Options{}},
		{"time\n1\n", "test.trace:1: there is nothing but the time", Options{}},
		{"time,loss,loss\n1,0,0\n", `the column "loss" is there twice; remove one`, Options{}},
		{"time,jitter\n1,1ms\n", "add a column delay", Options{}},
		{"time,rate\n0,5\n1,5\n", `test.trace:2: rate: "5" has no unit; write it as 12.5Mbps`, Options{}},
		{"time,rate\n0,5Mbps\n0,6Mbps\n", "test.trace:3: its time is no later", Options{}},
		{"# a comment\ntime,rate\n0,5Mbps\n1\n", "test.trace:4: there is 1 value in 2 columns", Options{}},
		{"time,delay,jitter\n0,5ms,6ms\n1,0s,0s\n", "test.trace:2: the jitter of 6ms is larger", Options{}},
		{"time,loss\n0,150%\n1,0\n", "test.trace:2: loss: \"150%\" is out of range", Options{}},
		{"time,loss\n0,NaN\n1,0\n", "test.trace:2: loss: \"NaN\"", Options{}},
		{"time,queue\n0,100\n1,2000\n", "test.trace:2: a queue of 100 bytes has no room", Options{}},
		{"time,rate\n0,5Mbps\n", "test.trace:2: the only row is the end as well", Options{}},
		{"time,rate\n0,0bps\n1,0bps\n", "it carries less than one packet", Options{}},
		{"time,rate\n0,1Mbps\n1,0bps\n", "its last rate is 0 and remains so", Options{End: Hold}},
		{"time,rate\n0,1e400bps\n1,0bps\n", "is no number", Options{}},
		{"time,rate\n0,2000Gbps\n1,0bps\n", "is out of range", Options{}},
		{"time,rate\n0,\"5Mbps\n", "test.trace:2:", Options{}},
	} {
		_, err := Parse("test.trace", []byte(c.text), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
	if _, err := Load(t.TempDir(), Options{}); err == nil {
		t.Error("a directory was read")
	}
}

// TestTracesTravel: who decodes one and checks it has the same, and what nobody would write is refused.
func TestTracesTravel(t *testing.T) {
	for _, text := range []string{"1\n2\n2\n7\n", "time,rate,loss\n0,1Mbps,0\n2,3Mbps,0.5\n"} {
		trace := parsed(t, text, Options{WithRun: true})
		var wire bytes.Buffer
		again := new(Trace)
		if err := gob.NewEncoder(&wire).Encode(trace); err != nil {
			t.Fatal(err)
		}
		if err := gob.NewDecoder(&wire).Decode(again); err != nil {
			t.Fatal(err)
		}
		if err := again.Check(); err != nil || again.Digest() != trace.Digest() {
			t.Errorf("%v: %x is not %x", err, again.Digest(), trace.Digest())
		}
		if again.Name != "test.trace" || !again.WithRun {
			t.Errorf("it is %+v", again)
		}
	}
	for _, bad := range []*Trace{
		{},
		{Opportunities: []uint32{2, 1}},
		{Opportunities: []uint32{1}, Knots: []Knot{{}}},
		{Opportunities: []uint32{1 << 31}},
		{Knots: []Knot{{At: 0}}, Columns: Loss},
		{Knots: []Knot{{At: 1}, {At: 2}}, Columns: Loss},
		{Knots: []Knot{{At: 0}, {At: 2, Loss: math.NaN()}}, Columns: Loss},
		{Knots: []Knot{{At: 0}, {At: 2, Rate: math.Inf(1)}}, Columns: Rate},
		{Knots: []Knot{{At: 0}, {At: 2}}, Columns: 1 << 7},
		{Knots: []Knot{{At: 0, Rate: 1}, {At: 2}}, Columns: Rate},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for _, text := range []string{"1\n2\n2\n7\n", "time,rate,delay\n0,1Mbps,1ms\n2,3Mbps,1ms\n"} {
		trace := parsed(t, text, Options{})
		server, at := NewServer(trace), int64(0)
		if n := testing.AllocsPerRun(1000, func() {
			at += 1e6
			server.Send(at, 1514, 1)
			server.Backlog(at)
		}); n > 0 {
			t.Errorf("%v allocations a packet", n)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"1\n2\n2\n7\n", "time,rate\n0,1Mbps\n2,3Mbps\n",
		"time_ms,delay_us,loss\n1,2,50%\n9,0,0\n",
		"\ufefftime, queue\n0,2000\n1,64KiB\n", "time,rate\n0,0bps\n1e-9,1Gbps\n1,0bps\n"} {
		f.Add([]byte(text), uint8(0), int64(5))
	}
	f.Fuzz(func(t *testing.T, text []byte, how uint8, at int64) {
		o := Options{Linear: how&1 != 0}
		if how&2 != 0 {
			o.End = Hold
		}
		trace, err := Parse("f", text, o)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f") {
				t.Errorf("no file is named: %v", err)
			}
			return
		}
		at %= int64(1e15)
		if trace.Varies() {
			if k := trace.At(at); k.check() != nil {
				t.Errorf("at %d it is %+v", at, k)
			}
		}
		if !trace.ServesPackets() {
			return
		}
		server, before := NewServer(trace), int64(math.MinInt64)
		for range 20 {
			departs := server.Send(at, 1514, 1)
			if departs < at || departs < before {
				t.Fatalf("at %d a packet departs at %d, after %d", at, departs, before)
			}
			if w := server.Backlog(at); w < 0 {
				t.Fatalf("%d bytes wait", w)
			}
			before = departs
		}
		_ = fmt.Sprint(trace.MeanRate(), trace.Bits(at, at+1e9))
	})
}

// TestWithoutLeavesTheRest: the columns that are left give what they did, the others nothing.
func TestWithoutLeavesTheRest(t *testing.T) {
	all := parsed(t, "time,rate,delay,loss\n0,8Mbps,10ms,1%\n1,2Mbps,30ms,3%\n2,2Mbps,5ms,3%\n", Options{})
	if all.Without(Jitter|Queue) != all || all.Without(0) != all {
		t.Error("a trace without what it does not give is another")
	}
	if all.Without(Rate|Delay|Loss) != nil || parsed(t, "1\n2\n", Options{}).Without(Rate) != nil {
		t.Error("something is left of nothing")
	}
	slower := all.Without(Rate)
	if slower.ServesPackets() || slower.Columns != Delay|Loss || slower.Peak() != 0 || slower.MeanRate() != 0 ||
		slower.LeastDelay() != int64(5e6) || slower.Digest() == all.Digest() {
		t.Errorf("%+v", slower)
	}
	plain := all.Without(Delay)
	if !plain.ServesPackets() || plain.Bits(0, 2e9) != all.Bits(0, 2e9) || plain.Peak() != all.Peak() ||
		all.Peak() != 100_000 {
		t.Errorf("%+v", plain)
	}
	again := *plain // as another process has it
	if err := again.Check(); err != nil || again.Digest() != plain.Digest() || again.Peak() != plain.Peak() {
		t.Errorf("%v, %+v", err, again)
	}
	if opportunities := parsed(t, "1\n2\n", Options{}); opportunities.Without(Delay) != opportunities {
		t.Error("opportunities give no delays")
	}
}

// TestPeakIsOfAnyTenthOfASecond, also of one in which the trace begins anew, once or often.
func TestPeakIsOfAnyTenthOfASecond(t *testing.T) {
	for text, want := range map[string]int64{
		"100\n":                    1,
		"1\n":                      100,
		"1\n1\n2\n":                150,
		"30\n30\n":                 8, // at 30, 60, 90, 120
		"1\n98\n98\n1000\n1000\n":  5, // the last two and the next turn's first three
		"1\n2\n3\n200\n300\n301\n": 5, // 300, 301 and the first three
		"1\n50\n101\n":             3, // 50, 101 and the next turn's 1, at 102
		"60\n":                     2,
	} {
		if got := int64(parsed(t, text, Options{}).Peak()) / (Opportunity + EthernetHeader); got != want {
			t.Errorf("%q: %d opportunities, want %d", text, got, want)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		at, trace := uint32(0), &Trace{}
		for range 1 + random.IntN(30) {
			at += uint32(random.IntN(40))
			trace.Opportunities = append(trace.Opportunities, at)
		}
		if trace.Check() != nil {
			continue
		}
		want := int64(0)
		for from := range trace.Period().Milliseconds() {
			from *= millisecond
			want = max(want, trace.opportunitiesIn(from, from+busySpan*millisecond))
		}
		if got := int64(trace.Peak()) / (Opportunity + EthernetHeader); got != want {
			t.Errorf("%v: %d opportunities, want %d", trace.Opportunities, got, want)
		}
	}
}
