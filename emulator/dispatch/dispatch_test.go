package dispatch

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology"
)

var five = []topology.ID{3, 5, 8, 9, 12}

// choice is a built-in dispatcher with its defaults.
func choice(t testing.TB, name string) Choice {
	t.Helper()
	c := catalogue.New(Section())
	rule, err := Rules.Find(c, name)
	if err != nil {
		t.Fatal(err)
	}
	return rule.Of(c.Defaults(catalogue.Dispatchers, name), 7)
}

// picking are the built-in dispatchers that pick.
func picking() []string { return catalogue.New(Section()).Names(catalogue.Dispatchers)[1:] }

func TestRoundRobinTakesTurns(t *testing.T) {
	d := New(choice(t, "round-robin"), 1)
	var got []topology.ID
	for range 2 * len(five) {
		got = append(got, d.Begin(0, five))
	}
	if want := []topology.ID{5, 8, 9, 12, 3, 5, 8, 9, 12, 3}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestLeastOutstanding(t *testing.T) {
	d := New(choice(t, "least-outstanding"), 0)
	two := []topology.ID{1, 2}
	if a, b := d.Begin(0, two), d.Begin(0, two); a == b {
		t.Fatalf("both at %d", a)
	}
	d.End(time.Millisecond, 2, time.Millisecond, 0)
	if got := d.Begin(time.Millisecond, two); got != 2 {
		t.Errorf("%d, which is busy", got)
	}
	// Both have one of its own; one of them tells of three more.
	d.End(2*time.Millisecond, 1, time.Millisecond, 3)
	if got := d.Begin(2*time.Millisecond, two); got != 2 {
		t.Errorf("%d, where others are", got)
	}
	if got := d.Begin(time.Hour, two); got != 1 {
		t.Errorf("%d: it remembers for ever who was there", got)
	}
}

func TestLeastLatency(t *testing.T) {
	d := New(choice(t, "least-latency"), 0)
	two := []topology.ID{1, 2}
	at := time.Duration(0)
	count := map[topology.ID]int{}
	for range 200 {
		id := d.Begin(at, two)
		count[id]++
		took := time.Millisecond
		if id == 2 {
			took = 9 * time.Millisecond
		}
		at += took
		d.End(at, id, took, 0)
	}
	if count[1] < 180 || count[2] == 0 {
		t.Errorf("%d of the fast one, %d of the slow one", count[1], count[2])
	}
	for range 12 { // nine under way there cost as much as one elsewhere
		count[d.Begin(at, two)]++
	}
	if d.UnderWay(2) == 0 || d.UnderWay(1) < 8 {
		t.Errorf("%d and %d under way", d.UnderWay(1), d.UnderWay(2))
	}
	d.End(at+time.Second, 2, time.Second, 0)
	if got := d.Begin(at+10*time.Minute, []topology.ID{2}); got != 2 {
		t.Errorf("the only one is not picked, but %d", got)
	}
}

// Of two that are drawn never the worse: the one that alone has most is never picked.
func TestTwoChoicesAvoidTheWorst(t *testing.T) {
	d := New(choice(t, "two-choices"), 4)
	for range 9 {
		d.Begin(0, five[:1])
	}
	seen := map[topology.ID]bool{}
	for range 1000 {
		id := d.Begin(0, five)
		if id == five[0] {
			t.Fatal("the worst of all was picked")
		}
		seen[id] = true
		d.End(0, id, time.Millisecond, 0)
	}
	if len(seen) != 4 {
		t.Errorf("only %v are picked", seen)
	}
	other, same := New(choice(t, "two-choices"), 4), New(choice(t, "two-choices"), 4)
	for range 100 {
		if other.Begin(0, five) != same.Begin(0, five) {
			t.Fatal("the same seed picks otherwise")
		}
	}
}

// Whoever has most under way is not the only one: no more than one is between the first and the last.
func TestBegunOnesAreSpread(t *testing.T) {
	for _, name := range []string{"round-robin", "least-outstanding", "least-latency"} {
		d := New(choice(t, name), 2)
		for i := range 103 {
			d.Begin(0, five)
			var all []int
			for _, id := range five {
				all = append(all, d.UnderWay(id))
			}
			if slices.Max(all)-slices.Min(all) > 1 {
				t.Fatalf("%s: %v after %d", name, all, i+1)
			}
		}
	}
}

// What workers that share their speed take at 80 % load: a dispatcher that knows who is busy is faster than turns.
func TestKnowingIsFaster(t *testing.T) {
	random := simulated(t, "round-robin", 20_000)
	for _, name := range []string{"least-outstanding", "two-choices", "least-latency"} {
		if got := simulated(t, name, 20_000); got > random {
			t.Errorf("%s: p95 %v, in turns %v", name, got, random)
		}
	}
}

// simulated is p95 of the latency at five workers that each execute one after the other, of three clients' invocations.
func simulated(t testing.TB, name string, n int) time.Duration {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	clients := []*Dispatcher{New(choice(t, name), 0), New(choice(t, name), 1), New(choice(t, name), 2)}
	type job struct {
		id       topology.ID
		client   int
		from, to time.Duration
	}
	var under []job
	free, at := map[topology.ID]time.Duration{}, time.Duration(0)
	var took []time.Duration
	for range n {
		at += time.Duration(random.ExpFloat64() * 0.1 / 5 / 0.8 * float64(time.Second))
		slices.SortFunc(under, func(a, b job) int { return int(a.to - b.to) })
		for len(under) > 0 && under[0].to <= at {
			j := under[0]
			under = under[1:]
			others := 0
			for _, o := range under {
				if o.id == j.id {
					others++
				}
			}
			clients[j.client].End(j.to, j.id, j.to-j.from, others)
			took = append(took, j.to-j.from)
		}
		client := random.IntN(3)
		id := clients[client].Begin(at, five)
		free[id] = max(free[id], at) + time.Duration(random.ExpFloat64()*0.1*float64(time.Second))
		under = append(under, job{id, client, at, free[id]})
	}
	slices.Sort(took)
	return took[len(took)*95/100]
}

// Whatever happens, it picks a candidate, and counts what is under way.
func FuzzDispatcher(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 9, 200, 7, 7, 7, 250, 0, 0, 4})
	f.Fuzz(func(t *testing.T, all []byte) {
		for _, name := range picking() {
			script := all
			d := New(choice(t, name), 3)
			at, begun := time.Duration(0), map[topology.ID]int{}
			for len(script) >= 4 {
				word := binary.LittleEndian.Uint32(script)
				script = script[4:]
				at += time.Duration(word>>8) * time.Microsecond
				from := int(word>>3) % len(five)
				switch id := five[from]; word % 4 {
				case 0, 1:
					candidates := five[from:]
					got := d.Begin(at, candidates)
					if !slices.Contains(candidates, got) {
						t.Fatalf("%s: %d is none of %v", name, got, candidates)
					}
					begun[got]++
				case 2:
					d.End(at, id, time.Duration(int32(word)), int(word>>24)-9)
					begun[id] = max(0, begun[id]-1)
				default:
					d.Fail(id)
					begun[id] = max(0, begun[id]-1)
				}
				for _, id := range five {
					if d.UnderWay(id) != begun[id] {
						t.Fatalf("%s: %d under way at %d, not %d", name, d.UnderWay(id), id, begun[id])
					}
				}
			}
		}
	})
}

func BenchmarkDispatcher(b *testing.B) {
	many := make([]topology.ID, 40)
	for i := range many {
		many[i] = topology.ID(i)
	}
	for _, name := range picking() {
		b.Run(name, func(b *testing.B) {
			d := New(choice(b, name), 0)
			at := time.Duration(0)
			b.ReportAllocs()
			for b.Loop() {
				at += time.Millisecond
				d.End(at, d.Begin(at, many), time.Millisecond, 2)
			}
		})
	}
}
