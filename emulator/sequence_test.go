package emulator_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator"
	"testbed/emulator/internal/fake"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
	"testbed/emulator/resolved"
)

// The sequences that are played: go test ./emulator -run Sequences -sequences.seed=17 -sequences.count=1 repeats one.
var (
	firstSeed = flag.Uint64("sequences.seed", 1, "seed of the first random sequence")
	sequences = flag.Int("sequences.count", 0, "how many random sequences are played; 0: the test's own number")
)

// world is what a sequence happens in: a host, and what others do to it behind the library's back.
type world interface {
	host() *emulator.Host
	killNode(testbed, name string) error
	restartNode(testbed, name string) error
	killFabric(testbed string) error
	tamper(testbed string, r *rand.Rand)
	fail(r *rand.Rand) (what string) // lets something fail from now on
	lift()                           // ends that
	left() error                     // what is left once all is down
}

// errNotHere is for what a world has not got.
var errNotHere = errors.New("not in this world")

// sequence is one under way.
type sequence struct {
	t         *testing.T
	r         *rand.Rand
	w         world
	scenarios []*resolved.Scenario
	made      *resolved.Scenario  // that the testbed was made from last
	bed       *emulator.Bed       // nil: nobody has opened it
	run       *orchestrator.Lease // nil: none is under way
	player    *orchestrator.Player
	failing   bool // something was made to fail and not lifted, or damaged and not mended
	log       []string
}

// name is the testbed's, and no other's on this host: whoever takes one down takes all of that name.
var name = fmt.Sprintf("seq-%d", os.Getpid())

// play does so many random things, looking at the invariant now and then and at the end.
func play(t *testing.T, w world, scenarios []*resolved.Scenario, seed uint64, steps int) {
	s := &sequence{t: t, r: rand.New(rand.NewPCG(seed, 17)), w: w, scenarios: scenarios}
	defer func() {
		if t.Failed() {
			t.Logf("seed %d:\n%s", seed, strings.Join(s.log, "\n"))
		}
	}()
	for range steps {
		s.step()
		if t.Failed() {
			return
		}
		if s.r.IntN(steps) == 0 {
			s.converge()
		}
	}
	s.converge()
	s.end()
}

// step does one random thing.
func (s *sequence) step() {
	all := []struct {
		weight int
		what   string
		do     func(ctx context.Context) error
	}{
		{4, "up", s.up}, {6, "link set", s.set}, {3, "link down", s.carry(false)}, {2, "link up", s.carry(true)},
		{2, "link reset", s.reset}, {3, "apply", s.apply}, {2, "a run begins", s.begin}, {3, "an event", s.event},
		{2, "the run ends", s.endRun}, {1, "the run is killed", s.killRun}, {2, "a node is killed", s.killNode},
		{1, "a node is restarted", s.restartNode}, {1, "the fabric is killed", s.killFabric},
		{2, "hands change the network", s.tamper}, {2, "something fails from now on", s.fail},
		{3, "nothing fails any more", s.lift},
		{1, "the controller is killed", s.drop}, {1, "down", s.down},
	}
	total := 0
	for _, a := range all {
		total += a.weight
	}
	n := s.r.IntN(total)
	for _, a := range all {
		if n -= a.weight; n < 0 {
			s.say("%s", a.what)
			s.must(s.survive(a.do))
			return
		}
	}
}

func (s *sequence) say(format string, args ...any) {
	s.log = append(s.log, fmt.Sprintf(format, args...))
}

// survive does something; that it kills the controller is no failure of its own, and leaves nobody who knows anything.
func (s *sequence) survive(do func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p != any(fake.ErrKilled) {
				panic(p)
			}
			s.say("  killed at it")
			s.failing = true
			_ = s.drop(context.Background())
		}
	}()
	ctx, cancel := context.WithTimeout(s.t.Context(), testenv.Patience)
	defer cancel()
	return do(ctx)
}

// must takes note of an error, which only is one where all is well.
func (s *sequence) must(err error) {
	if err == nil || errors.Is(err, errNotHere) {
		return
	}
	s.say("  %v", err)
	expected := errors.Is(err, orchestrator.ErrNotRunning) || errors.Is(err, orchestrator.ErrBusy) ||
		errors.Is(err, orchestrator.ErrExists)
	if !s.failing && !expected {
		s.t.Errorf("fails, and nothing is amiss: %v", err)
	}
}

// converge is the invariant: once nothing fails any more and no run is under way, one apply makes the testbed as its
// scenario says, if it is up. Where an `up` or `down` did not come to its end, one more `down` removes what is left.
func (s *sequence) converge() {
	s.say("converge")
	ctx := s.t.Context()
	s.w.lift()
	_ = s.killRun(ctx)
	h := s.w.host()
	b, err := h.Open(ctx, name)
	if errors.Is(err, orchestrator.ErrNotRunning) {
		if err := h.Remove(ctx, name, false, nil); err != nil && !errors.Is(err, orchestrator.ErrNotRunning) {
			s.t.Errorf("what is left cannot be removed: %v", err)
		}
		s.bed, s.made, s.failing = nil, nil, false
		return
	}
	if err != nil {
		s.t.Errorf("it is up, and cannot be opened: %v", err)
		return
	}
	e := s.pick()
	s.say("  apply %s", e.Source.Description)
	if _, err := b.Apply(ctx, "test", e, nil); err != nil {
		s.t.Errorf("one apply does not do: %v", err)
		return
	}
	s.bed, s.made, s.failing = b, e, false
	s.asWanted(e)
}

// asWanted looks at the testbed anew.
func (s *sequence) asWanted(e *resolved.Scenario) {
	ctx, h := s.t.Context(), s.w.host()
	b, err := h.Open(ctx, name)
	if err != nil {
		s.t.Error(err)
		return
	}
	found, err := b.Plan(ctx, e)
	if err != nil {
		s.t.Error(err)
		return
	}
	nodes := len(found.Start) + len(found.Stop) + len(found.Replace) + len(found.Adopt)
	if nodes+len(found.Links)+len(found.Wanted) > 0 || found.Fabric != "" {
		s.t.Errorf("after apply it is not as the scenario says: %+v", found)
	}
	status, attached := h.Status(ctx, name), len(e.Topology.Attached())
	if len(status.Problems) > 0 || status.Alive != attached || status.Nodes != status.Alive {
		s.t.Errorf("after apply: %+v", status)
	}
	in, err := b.Inspect(ctx)
	if err != nil || in.FabricError != "" || len(in.Differences) > 0 || len(in.Stations) != len(e.Topology.Attached()) {
		s.t.Errorf("after apply: %v, %s, %v, %d stations", err, in.FabricError, in.Differences, len(in.Stations))
		return
	}
	for _, station := range in.Stations {
		if !station.Attached {
			s.t.Errorf("%s is not attached: %s", station.Name, station.Note)
		}
	}
	for _, n := range in.Nodes {
		if n.State != noderuntime.Running {
			s.t.Errorf("%s is %s", n.Name, n.State)
		}
	}
}

// end takes it down, perhaps beneath a run, and nothing is left.
func (s *sequence) end() {
	ctx := s.t.Context()
	if s.r.IntN(2) == 0 {
		_ = s.begin(ctx)
		_ = s.event(ctx)
	}
	if err := s.w.host().Remove(ctx, name, false, nil); err != nil && !errors.Is(err, orchestrator.ErrNotRunning) {
		s.t.Errorf("down: %v", err)
	}
	if err := s.endRun(ctx); err != nil && !errors.Is(err, orchestrator.ErrNotRunning) {
		s.t.Errorf("a run ends after down: %v", err)
	}
	if err := s.w.left(); err != nil {
		s.t.Error(err)
	}
}

// variants are scenarios that hosts, links and configurations differ in.
func variants(t *testing.T, good string) []*resolved.Scenario {
	t.Helper()
	replaced := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(good) }
	const lan2 = "    - {name: lan2, class: lan, endpoints: [server, gw], rate: 1Gbps, delay: 500us}\n"
	texts := []string{good,
		replaced("Three hosts at a switch", "slower links", "50Mbps", "20Mbps", "500us", "700us"),
		replaced("Three hosts at a switch", "without nuc", "    nuc: {class: nuc, memory: 16GiB, cpu: 4}\n", "",
			"    - {name: lan1, class: lan, endpoints: [nuc, gw], rate: 1Gbps, delay: 500us}\n", ""),
		replaced("Three hosts at a switch", "one more, and another server",
			"cpu: 8}\n", "cpu: 16}\n    more: {class: nuc, memory: 1GiB, cpu: 2}\n",
			lan2, lan2+"    - {name: lan3, class: lan, endpoints: [more, gw], rate: 100Mbps, delay: 1ms}\n"),
		replaced("Three hosts at a switch", "a medium",
			"{name: wifi, class: wlan, endpoints: [cam, gw]",
			"{name: wifi, type: shared, class: wlan, endpoints: [cam, nuc, gw]",
			"    - {name: lan1, class: lan, endpoints: [nuc, gw], rate: 1Gbps, delay: 500us}\n", ""),
	}
	dir := t.TempDir()
	all := make([]*resolved.Scenario, len(texts))
	for i, text := range texts {
		path := filepath.Join(dir, fmt.Sprintf("%d.yaml", i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := emulator.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = e
	}
	return all
}
