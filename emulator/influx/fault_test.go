package influx

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"testbed/emulator/influx/influxtest"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
)

// The chains of a simulated replay: each takes pause, and is then recorded.
const (
	replayed = 400
	pause    = time.Millisecond
)

// faults are what a server may do to a mirror; each begins when a quarter of the chains is recorded.
var faults = []struct {
	name  string
	begin func(f *influxtest.Faulty, s *influxtest.Server)
	end   func(f *influxtest.Faulty, s *influxtest.Server)
	// rejected says that what is lost is lost to a refusal; otherwise it is pending.
	rejected bool
}{
	{"refuses connections", nil, nil, false}, // from the beginning: nobody listens
	{"hangs", hangs(true), hangs(false), false},
	{"429", answers(http.StatusTooManyRequests), answers(0), false},
	{"503", answers(http.StatusServiceUnavailable), answers(0), false},
	{"400", answers(http.StatusBadRequest), answers(0), true},
	{"500, its disk is full", answers(http.StatusInternalServerError), answers(0), false},
	{"is killed", killed, restarted, false},
}

func hangs(so bool) func(*influxtest.Faulty, *influxtest.Server) {
	return func(f *influxtest.Faulty, _ *influxtest.Server) { f.Hang(so) }
}

func killed(_ *influxtest.Faulty, s *influxtest.Server) { s.Kill() }

func restarted(_ *influxtest.Faulty, s *influxtest.Server) { s.Restart() }

func answers(status int) func(*influxtest.Faulty, *influxtest.Server) {
	return func(f *influxtest.Faulty, _ *influxtest.Server) { f.Answer(status) }
}

// Whatever the database does, the replay goes on as if it were not there, all is in the directory, the
// mirror tells the truth, and an upload afterwards completes the database.
func TestFaults(t *testing.T) {
	s := influxtest.Start(t)
	for i, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			database := "faulty" + string(rune('a'+i))
			s.Database(database)
			front := influxtest.NewFaulty(t, s.URL)
			config := realConfig(front.URL)
			config.Bucket, config.FinalFlush = database, 700*time.Millisecond
			broken := config
			if fault.begin == nil {
				broken.URL = influxtest.Refuser(t)
			}
			d := newRun(t)
			m, err := Follow(d.Path(), broken)
			if err != nil {
				t.Fatal(err)
			}
			fill(t, d, 0, 100)
			if fault.begin != nil {
				testenv.Eventually(t, "the first lines arrive", func() bool { return m.Counts().Written > 0 })
				fault.begin(front, s)
			}
			fill(t, d, 100, 600)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			if fault.rejected { // finding out which lines takes requests, more than a busy machine has time for after Close
				testenv.Eventually(t, "every line is answered", func() bool { return m.Counts().Pending == 0 })
			}
			begin := time.Now()
			err = m.Close()
			if took := time.Since(begin); took > time.Minute {
				t.Errorf("the final flush took %v", took)
			}
			missing(t, err)
			lines := int64(len(linesOf(t, d.Path())))
			c := m.Counts()
			whole := c.Written+c.Pending+c.Rejected == lines
			rejected, pending := c.Rejected > 0, c.Pending > 0
			if !whole || c.Message == "" || rejected != fault.rejected || pending == fault.rejected {
				t.Errorf("%+v of %d", c, lines)
			}
			if counts := d.Counts(); counts.Dropped != 0 || counts.Written+counts.Observed != lines {
				t.Errorf("locally %+v of %d lines", counts, lines)
			}
			if fault.end != nil {
				fault.end(front, s)
			}
			counts, err := Upload(t.Context(), d.Path(), config, Options{})
			if err != nil {
				t.Fatal(err)
			}
			complete(t, counts, int(lines))
			holdsAll(t, s, database, d.Path())
			if m, err := record.ReadManifest(d.Path()); err != nil || m.Mirrors[config.Name()] != counts {
				t.Errorf("manifest: %+v, %v", m.Mirrors, err)
			}
		})
	}
}

// A replay beside a database that fails keeps its pace. Replays with and without take turns, so that what
// else the machine does meets both. By how little it changes is held by `make fidelity`, on a quiet machine.
func TestPace(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 30 s")
	}
	server := newDouble(t)
	front := influxtest.NewFaulty(t, server.URL)
	config := server.hasty()
	config.URL, config.FinalFlush, config.MaxAfter = front.URL, 50*time.Millisecond, time.Second
	refused := config
	refused.URL = influxtest.Refuser(t)
	for _, c := range []struct {
		name   string
		config Config
		status int
		hang   bool
	}{
		{"well", config, 0, false}, {"refuses connections", refused, 0, false}, {"hangs", config, 0, true},
		{"429", config, 429, false}, {"503", config, 503, false}, {"400", config, 400, false},
		{"500", config, 500, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			front.Answer(c.status)
			front.Hang(c.hang)
			defer front.Hang(false)
			limit := testenv.OnQuietMachine(0.05, 1)
			change := math.Inf(1)
			for attempt := 0; attempt < 5 && change > limit; attempt++ { // this machine may have been busy
				change = paceChange(t, c.config)
			}
			if change > limit {
				t.Errorf("the pace changes by %.1f %%", 100*change)
			}
		})
	}
}

// paceChange is by how much a chain takes longer with a mirror than without, by the medians.
func paceChange(t *testing.T, config Config) float64 {
	t.Helper()
	var with, without []time.Duration
	for range 3 {
		without = append(without, replay(t, nil)...)
		with = append(with, replay(t, &config)...)
	}
	a, b := median(without), median(with)
	change := float64(b-a) / float64(a)
	t.Logf("a chain takes %v without and %v with the mirror: %+.2f %%", a, b, 100*change)
	return change
}

// replay is how long each chain of a simulated replay takes.
func replay(t *testing.T, mirrored *Config) []time.Duration {
	t.Helper()
	d := newRun(t)
	var m *Mirror
	if mirrored != nil {
		var err error
		if m, err = Follow(d.Path(), *mirrored); err != nil {
			t.Fatal(err)
		}
	}
	took := make([]time.Duration, replayed)
	for i := range took {
		c, steps := chain(d.Run(), i)
		begin := time.Now()
		time.Sleep(pause)
		if err := d.Write(c, steps); err != nil {
			t.Fatal(err)
		}
		took[i] = time.Since(begin)
		if i%100 == 99 {
			if err := d.Flush(); err != nil { // so that a mirror has something to do within this short time
				t.Fatal(err)
			}
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if m != nil {
		if err := m.Close(); err != nil && !errors.Is(err, ErrIncomplete) {
			t.Fatal(err)
		}
	}
	return took
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
