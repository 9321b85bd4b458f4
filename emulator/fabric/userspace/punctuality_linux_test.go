package userspace

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/health"
	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
)

// running is an engine between sockets in place of devices.
type running struct {
	*engine
	t    *testing.T
	ends []int // the stations' sockets
}

// run starts an engine with a network of its own, whose packets go through out, if that is not nil.
func run(t *testing.T, delay time.Duration, out func(*engine) output) *running {
	t.Helper()
	table, err := newTable(star(t, 2, topology.Duplex, topology.Shape{Delay: delay}, topology.Shape{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEngine(table, testClock(t))
	if err != nil {
		t.Fatal(err)
	}
	if out != nil {
		e.core.out = out(e)
	}
	r := &running{engine: e, t: t}
	for _, p := range table.ports {
		ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(ends[0]) })
		if err := e.attach(p, ends[1]); err != nil {
			t.Fatal(err)
		}
		r.ends = append(r.ends, ends[0])
	}
	go e.run()
	return r
}

// send sends a frame from the first station to the second, and waits until it is there.
func (r *running) send() {
	r.t.Helper()
	if _, errno := write(r.ends[0], frame(0, 1, 200, 0)); errno != 0 {
		r.t.Fatal(errno)
	}
	r.receive()
}

func (r *running) receive() {
	r.t.Helper()
	poll := []unix.PollFd{{Fd: int32(r.ends[1]), Events: unix.POLLIN}}
	testenv.Eventually(r.t, "the frame comes", func() bool { n, _ := unix.Poll(poll, 1000); return n == 1 })
	var data [4096]byte
	if _, errno := read(r.ends[1], data[:]); errno != 0 {
		r.t.Fatal(errno)
	}
}

// overlap is how much of an interval lies in spells of one kind.
func overlap(spells []health.Spell, why health.Why, from, to int64) time.Duration {
	var of []health.Spell
	for _, s := range spells {
		if s.Why == why {
			of = append(of, s)
		}
	}
	return health.Overlap(of, from, to)
}

// health is the engine's, of which spells from number since on.
func (r *running) health(since uint64) (h health.Health) {
	r.do(func() { h = r.punctuality.health(r.clock.now(), since) })
	return h
}

// planted holds every packet back until it is late by what is drawn, says how late it is, for a busy host adds to that,
// and writes it then.
type planted struct {
	*engine
	draw func() time.Duration
	late func(time.Duration)
}

func (p planted) deliver(to *port, due int64, data []byte) {
	now := p.clock.now()
	for until := due + int64(p.draw()); now < until; now = p.clock.now() {
	}
	p.late(time.Duration(now - due))
	p.engine.deliver(to, due, data)
}

// TestPlantedLatenessIsRecovered: where packets are held back by a known distribution, its quantiles are found again.
func TestPlantedLatenessIsRecovered(t *testing.T) {
	const packets = 150
	limit := testenv.OnQuietMachine(0.05, 0.2)
	quantiles := []float64{0.5, 0.9, 0.99}
	best := slices.Repeat([]float64{math.Inf(1)}, len(quantiles)) // of what is planted
	// A host that is busy keeps some waiting in between, and so the least of each quantile counts.
	for range 10 {
		rng := rand.New(rand.NewPCG(5, 6))
		var all []time.Duration
		r := run(t, time.Millisecond, func(e *engine) output {
			return planted{e, func() time.Duration {
				return time.Duration(math.Exp(rng.Float64()*3) * float64(time.Millisecond)) // 1 to 20 ms
			}, func(late time.Duration) { all = append(all, late) }}
		})
		for range packets {
			r.send()
		}
		h := r.health(0)
		slices.Sort(all)
		if h.Written.Count != packets || len(all) != packets {
			t.Fatalf("%d packets written, %d held back", h.Written.Count, len(all))
		}
		if station := r.core.table.ports[1].written; station != h.Written {
			t.Error("the station's lateness is not that of all its packets")
		}
		recovered := true
		for i, q := range quantiles {
			got, want := h.Written.Quantile(q), quantile.Above(all, q)
			if float64(got) < (1-limit)*float64(want) {
				t.Fatalf("quantile %v is %v, less than the %v planted", q, got, want)
			}
			best[i] = min(best[i], float64(got)/float64(want))
			recovered = recovered && best[i] <= 1+limit
		}
		if recovered {
			return
		}
	}
	t.Errorf("quantiles %v are %.3v times those planted", quantiles, best)
}

// TestEngineThatIsAtWorkElsewhere keeps that as a spell, and that what was due meanwhile came late.
func TestEngineThatIsAtWorkElsewhere(t *testing.T) {
	const pause = 80 * time.Millisecond
	r := run(t, 20*time.Millisecond, nil)
	from := r.clock.now()
	for paused := false; !paused; { // a frame whose way was over before anybody looked shows nothing: another one
		if _, errno := write(r.ends[0], frame(0, 1, 200, 0)); errno != 0 {
			t.Fatal(errno)
		}
		poll := []unix.PollFd{{Fd: int32(r.ends[1]), Events: unix.POLLIN}}
		for n := 0; n == 0 && !paused; n, _ = unix.Poll(poll, 0) {
			r.do(func() {
				if paused = len(r.core.events) > 0; paused {
					time.Sleep(pause)
				}
			})
		}
		r.receive()
	}
	h := r.health(0)
	of := func(why health.Why) time.Duration { return overlap(h.Spells, why, from, h.Now) }
	if got := of(health.Turn); got < pause {
		t.Errorf("at work for %v, of %v", got, pause)
	}
	if got := of(health.Overdue); got < pause/2 {
		t.Errorf("overdue for %v", got)
	}
	if h.Turns.Longest < pause || h.Written.Longest < pause/2 || h.Busy < pause {
		t.Errorf("longest turn %v, latest packet %v, busy %v", h.Turns.Longest, h.Written.Longest, h.Busy)
	}
}

// TestAbsenceCountsAgainstThoseWhoWaited: a short one against stations whose packets were found after it, one in which
// a device's ring may have overflowed against all. Times are of a clock of the test's own.
func TestAbsenceCountsAgainstThoseWhoWaited(t *testing.T) {
	const ms, us = int64(time.Millisecond), int64(time.Microsecond)
	type absence struct {
		turn, sleep, timeout int64 // how long it was at work, and slept, that was to sleep for timeout
		find                 int64 // how long after its wake-up it finds a packet of station a's; 0: it finds none
	}
	for name, c := range map[string]struct {
		absence
		want []health.Spell
	}{
		"punctual": {absence{10 * us, ms, ms, 1}, nil},
		"overslept": {absence{10 * us, 3 * ms, ms, 1},
			[]health.Spell{{From: 10*us + ms, To: 10*us + 3*ms + 1, Station: "a", Why: health.Overslept}}},
		"overslept, and nobody waited": {absence{10 * us, 3 * ms, ms, 0}, nil},
		"woken by the packet":          {absence{10 * us, 3 * ms, -1, 1}, nil},
		"overslept for long": {absence{10 * us, 8 * ms, ms, 0},
			[]health.Spell{{From: 10*us + ms, To: 10*us + 8*ms, Why: health.Overslept}}},
		"at work on others": {absence{3 * ms, 20 * us, 0, 1},
			[]health.Spell{{From: 0, To: 3*ms + 20*us + 1, Station: "a", Why: health.Turn}}},
		"at work on others, and nobody waited": {absence{3 * ms, 20 * us, 0, 0}, nil},
		"at work for long": {absence{8 * ms, 1, 0, 0},
			[]health.Spell{{From: 0, To: 8 * ms, Why: health.Turn}}},
		"at work before it came to the station": {absence{10 * us, 10 * us, 0, 2 * ms},
			[]health.Spell{{From: 20 * us, To: 20*us + 2*ms, Station: "a", Why: health.Turn}}},
	} {
		t.Run(name, func(t *testing.T) {
			var p punctuality
			p.begin(0)
			p.worked(c.turn, c.timeout)
			woken := c.turn + c.sleep
			p.slept(c.turn, woken, c.timeout)
			if c.find > 0 {
				p.found(&port{name: "a"}, woken+c.find)
			}
			if got := p.spells.Report(0, 0, 100).Spells; !slices.Equal(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// planned is a thread that does as it is told.
type planned struct{ waits, runs int64 }

func (p *planned) starved() int64 { return p.waits }
func (p *planned) ran() int64     { return p.runs }

// TestStarvationBesideWork: what the thread did for others while it ran is no reason for what it did not run, whether
// it waited for a processor before, after or meanwhile. Times are of a clock of the test's own.
func TestStarvationBesideWork(t *testing.T) {
	const ms, us = int64(time.Millisecond), int64(time.Microsecond)
	type turn struct {
		runs, waits int64 // while it is at work
		spins       int64 // before it sleeps, 100 µs at a time
		sleeps      int64 // until it is to be woken, by a packet
		late        int64 // that it waits then
	}
	for name, c := range map[string]struct {
		turns []turn
		want  int64 // that it was starved, as no turn tells
	}{
		"idle":       {[]turn{{runs: 10 * us, sleeps: 6 * ms}}, 0},
		"at work":    {[]turn{{runs: 3 * ms, sleeps: 3 * ms}}, 0},
		"woken late": {[]turn{{runs: 10 * us, sleeps: 5 * ms, late: 2 * ms}}, 2 * ms},
		"woken late after much work": {[]turn{{runs: 3 * ms, sleeps: 20 * us}, {runs: 10 * us, sleeps: 2 * ms, late: 2 * ms}},
			2 * ms},
		"interrupted in its work":   {[]turn{{runs: ms, waits: 2 * ms, sleeps: 3 * ms}}, 0},
		"interrupted, and spinning": {[]turn{{runs: ms, waits: 2 * ms, spins: 2 * ms, sleeps: 3 * ms}}, 0},
		"woken late after spinning": {[]turn{{runs: 100 * us, spins: 2 * ms, sleeps: 3 * ms, late: 2 * ms}}, 2 * ms},
		"both": {[]turn{{runs: 2 * ms, waits: ms, sleeps: us}, {runs: us, sleeps: us, late: ms},
			{runs: us, sleeps: ms, late: ms}}, 2 * ms},
		"every turn, by little": {[]turn{{runs: 20 * us, waits: 150 * us, sleeps: us},
			{runs: 20 * us, waits: 150 * us, sleeps: 5 * ms}}, 0}, // what is less than health.Floor is in the histogram alone
	} {
		t.Run(name, func(t *testing.T) {
			var p punctuality
			thread, station := &planned{}, &port{name: "a"}
			p.begin(0)
			p.thread = thread
			p.health(0, 0)
			p.slept(0, 0, -1)
			now := int64(0)
			for i, turn := range c.turns {
				p.found(station, now)
				now += turn.runs + turn.waits
				thread.runs, thread.waits = thread.runs+turn.runs, thread.waits+turn.waits
				for spun := int64(0); spun < turn.spins; spun += 100 * us {
					p.worked(now, 0)
					now, thread.runs = now+100*us, thread.runs+100*us
					p.slept(now-100*us, now, 0)
				}
				begin := now
				p.worked(now, -1)
				now += turn.sleeps + turn.late
				thread.waits += turn.late
				if i == len(c.turns)-1 && now < int64(heartbeat) {
					t.Fatalf("it ends after %d ns, before it looks", now)
				}
				p.slept(begin, now, -1)
			}
			got := int64(0)
			for _, s := range p.spells.Report(now, 0, 100).Spells {
				if s.Why == health.Starved && s.Station == "a" {
					got += s.To - s.From
				}
			}
			if got != c.want {
				t.Errorf("starved for %d ns, want %d", got, c.want)
			}
		})
	}
}

// TestHeartBeatsWhileSomebodyWatches and no longer: an idle fabric sleeps.
func TestHeartBeatsWhileSomebodyWatches(t *testing.T) {
	var p punctuality
	p.begin(0)
	if got := p.worked(10, -1); got != -1 {
		t.Errorf("nobody watches, and it sleeps for %d", got)
	}
	p.health(20, 0)
	for _, c := range []struct{ timeout, want int64 }{
		{-1, int64(heartbeat)}, {3, 3}, {int64(time.Second), int64(heartbeat)},
	} {
		if got := p.worked(30, c.timeout); got != c.want {
			t.Errorf("of %d it sleeps for %d, not %d", c.timeout, got, c.want)
		}
	}
	if got := p.worked(20+int64(watch), -1); got != -1 {
		t.Errorf("nobody watches any more, and it sleeps for %d", got)
	}
}

// TestStopOfTheProcessIsSeen: even by an idle fabric that somebody watches.
func TestStopOfTheProcessIsSeen(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 2, topology.Shape{Delay: 5 * time.Millisecond})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	b.Answer("h0", "h1", 5)
	// A host that stands still for long before the stop ends the watch.
	testenv.Repeat(t, 5, func() error { return stopIsSeen(t, f) })
}

// stopIsSeen stops the fabric's process for a while.
func stopIsSeen(t *testing.T, f *Fabric) error {
	t.Helper()
	before, err := f.Health(t.Context(), 0, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(before.Stations) != 2 || before.Stations[0].Written.Count == 0 || before.Late.Count == 0 {
		t.Errorf("after some echoes: %+v", before)
	}
	a, err := f.inspect(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	const stop = 300 * time.Millisecond
	time.Sleep(4 * heartbeat)
	if err := unix.Kill(a.Stats.PID, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(stop)
	if err := unix.Kill(a.Stats.PID, unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	after, err := f.Health(t.Context(), before.Next, false)
	if err != nil {
		t.Fatal(err)
	}
	if after.Since != before.Next {
		t.Errorf("spells from number %d on, asked for %d", after.Since, before.Next)
	}
	seen := overlap(after.Spells, health.Overslept, before.Now, after.Now)
	if seen < stop-2*heartbeat || after.Overslept.Longest < stop-2*heartbeat {
		return fmt.Errorf("stopped for %v, and %v are seen: %+v", stop, seen, after.Spells)
	}
	return nil
}

// BenchmarkPunctuality is what the account costs where each packet has a turn of its own, the dearest case: to be held
// against some 10 µs that a packet takes altogether.
func BenchmarkPunctuality(b *testing.B) {
	var p punctuality
	c, err := newClock()
	if err != nil {
		b.Fatal(err)
	}
	p.begin(c.now())
	from, to := &port{name: "a"}, &port{name: "b"}
	b.ReportAllocs()
	for b.Loop() {
		now := c.now()
		p.worked(now, -1)
		p.slept(now, now, -1)
		p.found(from, now)
		p.wrote(to, now-20_000, c.now())
	}
}
