package replay

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/health"
	"testbed/emulator/plan"
	"testbed/emulator/record"
	"testbed/emulator/record/recordtest"
	"testbed/emulator/topology"
)

func TestRun(t *testing.T) {
	for _, arrival := range []Arrival{
		nil, Concurrent{4}, Isolated{Most: 4}, Trace{SpeedUp: 2}, Poisson{Rate: 200, Seed: 1},
	} {
		n := start(t)
		c, d := n.config(t, plans(6, plan.Models...))
		c.Arrival = arrival
		c.Predict = func(p *plan.Plan) (*record.Times, []float64) {
			return &record.Times{Latency: 1}, make([]float64, len(p.Steps))
		}
		var last Progress
		calls := 0
		c.Progress = func(p Progress) { last, calls = p, calls+1 }
		s, err := Run(t.Context(), c)
		if err != nil || s.Interrupted || len(s.Errors) > 0 {
			t.Fatalf("%v: %v, %+v", arrival, err, s)
		}
		for i, m := range s.Models {
			want := record.ModelCounts{Model: string(plan.Models[i]), Planned: 6, Done: 6, Late: m.Late,
				LateMax: m.LateMax, LateMean: m.LateMean, Gap: m.Gap, Disturbed: m.Disturbed, Repeated: m.Repeated,
			} // as the host has it
			if _, timed := c.Arrival.(Timed); !timed && (m.Gap > 0 || m.LateMax > 0) {
				t.Errorf("%v: one is due each %v s, and the latest began %v s after that", arrival, m.Gap, m.LateMax)
			}
			if m.ModelCounts != want {
				t.Errorf("%v: %+v, want %+v", arrival, m.ModelCounts, want)
			}
			if (arrival == nil || arrival.Alone()) && m.Cold > 0 {
				t.Errorf("%s: %d connections were opened late", m.Model, m.Cold)
			}
		}
		if calls != 42 || last.Done != 42 || last.Total != 42 || last.Failed != 0 {
			t.Errorf("%v: %d calls, progress at last %+v", arrival, calls, last)
		}
		verifyFiles(t, d)
		for i, a := range n.agents {
			if left := a.Stats().States; left != 0 {
				t.Errorf("%v: agent %d keeps %d states", arrival, i, left)
			}
		}
	}
}

// verifyFiles checks what a run of 6 chains for each model has written.
func verifyFiles(t *testing.T, d *record.Directory) {
	t.Helper()
	chains, err := recordtest.Chains(d.Path())
	if err != nil || len(chains) != 42 {
		t.Fatalf("%d chains, %v", len(chains), err)
	}
	steps, err := recordtest.Points(d.Path(), "step")
	if want := 6 * (15 + 15 + 9 + 9 + 9 + 7 + 10); err != nil || len(steps) != want {
		t.Fatalf("%d steps, want %d, %v", len(steps), want, err)
	}
	for _, c := range chains {
		want := map[plan.Model]int64{
			plan.InFunction: 60, plan.StatePropagate: 40 + 4*10_000, plan.StateLocal: 40 + 3*10_000,
		}[plan.Model(c.Model)]
		if want == 0 {
			want = 60 + 6*10_000
		}
		m := c.Measured
		if !c.OK() || c.States != 1 || c.Bytes != want || c.Predicted == nil || c.Client != "n0" ||
			c.ClientClass != "class" ||
			m.Processing < 0.003 || m.Network <= 0 || m.Overhead() < 0 || m.Latency > 5 || c.Length != 3 {
			t.Errorf("%+v", c)
		}
	}
	for _, s := range steps {
		duration := s.Number("duration_s")
		if duration < 0 || s.Number("offset_s") < 0 || s.Fields["predicted_s"] == nil || s.Text("from") == "" ||
			s.Tags["role"] == "execute" && duration < 0.001 {
			t.Errorf("%+v", s)
		}
	}
}

func TestFailuresAreRecorded(t *testing.T) {
	n := start(t)
	all := plans(3, plan.InFunction)
	c, d := n.config(t, all)
	lost := false
	c.Progress = func(p Progress) {
		if p.Done == 1 && !lost {
			lost = true
			n.agents[2].Close() // from the second chain on this worker is gone
		}
	}
	s, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if m := s.Models[0]; m.Done != 1 || m.Failed != 2 || m.NotRun != 0 || len(s.Errors) != 2 {
		t.Errorf("%+v", s)
	}
	chains, err := recordtest.Chains(d.Path())
	if err != nil || len(chains) != 3 || !chains[0].OK() || chains[1].OK() || !strings.Contains(chains[1].Error, "agent") {
		t.Errorf("%+v, %v", chains, err)
	}
}

func TestTimeout(t *testing.T) {
	n := start(t)
	all := plans(1, plan.InClient)
	all[0][0].Invocations[1].Ops = 60_000_000
	c, _ := n.config(t, all)
	c.Timeout = 100 * time.Millisecond
	begin := time.Now()
	s, err := Run(t.Context(), c)
	if err != nil || s.Models[0].Failed != 1 || !strings.Contains(s.Errors[0], "not finished after 100ms") ||
		time.Since(begin) > time.Minute {
		t.Errorf("%v, %+v after %v", err, s, time.Since(begin))
	}
}

func TestInterruptionKeepsWhatWasMeasured(t *testing.T) {
	for _, arrival := range []Arrival{Sequential{}, Concurrent{3}, Poisson{Rate: 50}} {
		n := start(t)
		c, d := n.config(t, plans(200, plan.External, plan.InEdge))
		c.Arrival = arrival
		ctx, cancel := context.WithCancel(t.Context())
		c.Progress = func(p Progress) {
			if p.Done == 5 {
				cancel()
			}
		}
		s, err := Run(ctx, c)
		if err != nil || !s.Interrupted {
			t.Errorf("%v: %v, %+v", arrival, err, s)
		}
		m := s.Models[0]
		if m.Failed != 0 || m.Done < 5 || m.Done+m.NotRun != 200 || s.Models[1].NotRun != 200 {
			t.Errorf("%v: %+v", arrival, s)
		}
		chains, err := recordtest.Chains(d.Path())
		if err != nil || len(chains) != m.Done || slices.ContainsFunc(chains, func(c record.Chain) bool { return !c.OK() }) {
			t.Errorf("%v: %d chains, %v", arrival, len(chains), err)
		}
	}
}

// full is a sink whose disk is full after some samples.
type full struct {
	record.Sink
	left int
}

func (f *full) Write(c record.Chain, s []record.Step) error {
	if f.left--; f.left < 0 {
		return errors.New("disk full")
	}
	return f.Sink.Write(c, s)
}

func TestFailingSinkEndsTheRun(t *testing.T) {
	n := start(t)
	c, d := n.config(t, plans(20, plan.InFunction))
	c.Sink = &full{d, 2}
	s, err := Run(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "disk full") || s.Interrupted || s.Models[0].NotRun < 15 {
		t.Errorf("%v, %+v", err, s)
	}
}

// overdue is an arrival process whose chains should have begun 20 ms ago.
type overdue struct{ Sequential }

func (overdue) Drive(ctx context.Context, jobs []int, start func(context.Context, int, time.Time)) {
	for i := range jobs {
		start(ctx, i, time.Now().Add(-20*time.Millisecond))
	}
}

func TestLateStartsAreCounted(t *testing.T) {
	n := start(t)
	c, d := n.config(t, plans(5, plan.InFunction))
	c.Arrival = overdue{}
	s, err := Run(t.Context(), c)
	if err != nil || s.Models[0].Late != 5 || s.Models[0].Done != 5 || s.Models[0].LateMax < 0.02 {
		t.Errorf("%v, %+v", err, s)
	}
	chains, err := recordtest.Chains(d.Path())
	if err != nil || len(chains) != 5 || chains[0].Late < 0.02 {
		t.Errorf("%v, %+v", err, chains)
	}
}

// slow is an agent that takes a while for one thing or another: to begin to watch itself, or to begin with a chain.
type slow struct {
	Agent
	watch, run time.Duration
}

func (s slow) Spells(ctx context.Context, since uint64, watch int) (health.Report, error) {
	if watch > 0 {
		time.Sleep(s.watch)
	}
	return s.Agent.Spells(ctx, since, watch)
}

func (s slow) Run(ctx context.Context, spec *faas.ChainSpec) (*faas.ChainResult, error) {
	time.Sleep(s.run)
	return s.Agent.Run(ctx, spec)
}

// soon is an arrival process whose chains are due in a while from when they are begun.
type soon struct {
	Sequential
	in time.Duration
}

func (a soon) Drive(ctx context.Context, jobs []int, begin func(context.Context, int, time.Time)) {
	for i := range jobs {
		begin(ctx, i, time.Now().Add(a.in))
	}
}

// TestWhatKeepsAChainFromBeginning counts, whatever it is, from when the chain was due until its client began.
func TestWhatKeepsAChainFromBeginning(t *testing.T) {
	const pause = 60 * time.Millisecond
	for name, c := range map[string]struct {
		agent slow
		due   time.Duration
		least time.Duration
	}{
		"preparing takes long":       {slow{watch: pause}, 0, pause},
		"the client is kept from it": {slow{run: pause}, 20 * time.Millisecond, pause},
	} {
		n := start(t)
		config, d := n.config(t, plans(2, plan.InFunction))
		config.Arrival = soon{in: c.due}
		config.Clients = func(id topology.ID) Agent {
			one := c.agent
			one.Agent = n.clients[id]
			return one
		}
		s, err := Run(t.Context(), config)
		if err != nil || s.Models[0].Late != 2 || s.Models[0].LateMean < c.least.Seconds() ||
			s.Models[0].LateMax < s.Models[0].LateMean {
			t.Errorf("%s: %v, %+v", name, err, s)
		}
		chains, err := recordtest.Chains(d.Path())
		if err != nil || len(chains) != 2 || chains[0].Late < c.least.Seconds() {
			t.Errorf("%s: %v, %+v", name, err, chains)
		}
	}
}

func TestMeanTimeBetweenChainsThatAreDue(t *testing.T) {
	times := []time.Duration{5 * time.Second, time.Second, 2 * time.Second, 9 * time.Second}
	for _, c := range []struct {
		arrival Arrival
		jobs    []int
		want    time.Duration
	}{
		{Trace{Times: times}, []int{0, 1, 2}, 2 * time.Second},
		{Trace{Times: times, SpeedUp: 4}, []int{0, 1, 2}, time.Second / 2},
		{Trace{Times: times}, []int{3}, 0}, {Trace{Times: times}, nil, 0}, {Sequential{}, []int{0, 1, 2}, 0},
	} {
		if got := gapOf(c.arrival, c.jobs); got != c.want {
			t.Errorf("%v of %v: %v, want %v", c.arrival, c.jobs, got, c.want)
		}
	}
}

func TestPlansThatCannotBeCarriedOut(t *testing.T) {
	n := start(t)
	all := plans(1, plan.InFunction, plan.StateLocal)
	all[1][0].Invocations = nil
	c, _ := n.config(t, all)
	if _, err := Run(t.Context(), c); !errors.Is(err, faas.ErrNotSupported) {
		t.Errorf("error %v", err)
	}
	c.Plans, c.Arrival = all[:1], Poisson{}
	if _, err := Run(t.Context(), c); err == nil {
		t.Error("a rate of 0 is accepted")
	}
}

func TestBeside(t *testing.T) {
	n := start(t)
	perByte, between, err := Beside(t.Context(), n.clients[0], 0, "run/beside")
	if err != nil || perByte <= 0 || perByte > 1e-7 || between <= 0 || between > 1 {
		t.Errorf("%g s a byte, %g s between chains: %v", perByte, between, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, _, err := Beside(ended, n.clients[0], 0, "run/again"); err == nil {
		t.Error("no error of a measurement that was ended")
	}
}

func TestOverhead(t *testing.T) {
	n := start(t)
	o, err := Overhead(t.Context(), n.clients[0], n.agents[1].Addr(), 15, "run/overhead")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", o)
	if o.Calls != 15 || o.Self <= 0 || o.Pair <= o.Self || o.Pair > 0.1 || o.Rest <= 0 || o.Rest >= o.Pair {
		t.Errorf("%+v", o)
	}
	if _, err := Overhead(t.Context(), n.clients[0], netip.MustParseAddrPort("127.0.0.1:1"), 1, "k"); err == nil {
		t.Error("an empty function at an address where nobody listens succeeds")
	}
}

// An agent that answers with more than a chain's result can be costs no memory, and its chains fail by name.
func TestHostileAgentIsBounded(t *testing.T) {
	n := start(t)
	socket := filepath.Join(t.TempDir(), "ctl")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Testbed-Protocol", strconv.Itoa(faas.Protocol))
		if r.URL.Path != "/chain" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		for text := strings.Repeat(`{"index":0},`, 1<<16); ; {
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
		}
	}))
	t.Cleanup(func() { l.Close() })
	n.clients[0] = faas.NewClient(socket, faas.WithNode("n0"))
	c, d := n.config(t, plans(2, plan.InFunction))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := Run(t.Context(), c)
	runtime.ReadMemStats(&after)
	if err != nil || s.Models[0].Failed != 2 || !strings.Contains(s.Errors[0], "node n0") ||
		!strings.Contains(s.Errors[0], "longer than expected") {
		t.Errorf("%v, %+v", err, s)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20 {
		t.Errorf("%d MB were allocated", took>>20)
	}
	if chains, err := recordtest.Chains(d.Path()); err != nil || len(chains) != 2 || chains[0].OK() {
		t.Errorf("%+v, %v", chains, err)
	}
}
