package run

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/workload/spar"
)

// stepTime is what every step of a chain takes on the fake testbed, unless it says otherwise.
const stepTime = 5 * time.Millisecond

// bed is a testbed in memory. Its agents take the same time for each step, and keep the versions of states. What it has
// of functions is called in place of what would go well.
type bed struct {
	e     *resolved.Scenario
	epoch time.Time
	step  time.Duration // of every step of a chain

	inspect  func(context.Context) error
	watch    func(context.Context) error
	reason   func(error) error
	health   func() (health.Health, error)
	stations func() []fabric.StationStatus // nil: it does not tell of them
	canary   func() (Canary, error)
	spells   func(topology.ID) []health.Spell // all of a node's so far
	verify   func() ([]record.Fidelity, error)
	player   func() (Player, error)
	run      func(context.Context, *faas.ChainSpec, *faas.ChainResult) error // before a chain of the workload
	empty    func() error                                                    // before a call of calibration
	changes  []Change
	found    *Found // nil: the network is as the scenario says

	mu       sync.Mutex
	runs     string // on the testbed; empty: none
	versions map[topology.ID]map[string]int64
	open     int // agents that nobody has closed
	began    []string
}

// newBed is a testbed for the scenario, and the run's configuration for it.
func newBed(t *testing.T, more string) (*bed, Config) {
	t.Helper()
	return bedOf(t, prepared(t, t.TempDir(), more))
}

// bedOf is a testbed for a scenario, and the run's configuration for it.
func bedOf(t *testing.T, e *resolved.Scenario) (*bed, Config) {
	t.Helper()
	b := &bed{e: e, epoch: time.Now(), step: stepTime, versions: map[topology.ID]map[string]int64{}}
	return b, Config{
		Bed: b, Scenario: e, Results: t.TempDir(), Version: "v", Kernel: "k", SampleEvery: 50 * time.Millisecond,
	}
}

// theWire is what the link of that scenario does.
const theWire = "rate: 20Mbps, delay: 10ms"

// prepared works out a small scenario of two hosts, a cloud and a trace in a file.
func prepared(t *testing.T, dir, more string) *resolved.Scenario {
	return preparedBy(t, dir, theWire, more)
}

// preparedBy is prepared with another link.
func preparedBy(t *testing.T, dir, link, more string) *resolved.Scenario {
	t.Helper()
	var trace strings.Builder
	if err := spar.Write(&trace, spar.Synthesize(60, 1)); err != nil {
		t.Fatal(err)
	}
	text := `name: small
topology:
  nodes:
    pi:     {memory: 16GiB, cpu: 4}
    server: {memory: 16GiB, cpu: 8}
  links:
    - {name: wire, endpoints: [pi, server], ` + link + `}
cloud: {at: hosts}
workload: {trace: my trace.csv, jobs: 5, max-length: 3, arg-factor: 1e3, state-factor: 1e3, clients: [pi]}
models: [external, in-function]
` + more
	for name, text := range map[string]string{"my trace.csv": trace.String(), "small.yaml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sc, err := scenario.Load(filepath.Join(dir, "small.yaml"), builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	e, err := resolved.Prepare(sc)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (b *bed) Description() Description {
	return Description{Testbed: "fake", Scenario: "small", File: "small.yaml", Runtime: "process", Fabric: "userspace"}
}

func (b *bed) Address(id topology.ID) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(id)}), 8080)
}

func (b *bed) Stations() []topology.ID { return b.e.Topology.Hosts() }

func (b *bed) Inspect(ctx context.Context) (fabric.Status, error) {
	if b.inspect != nil {
		if err := b.inspect(ctx); err != nil {
			return fabric.Status{}, err
		}
	}
	sent := uint64(time.Since(b.epoch).Milliseconds())
	status := fabric.Status{Queues: []fabric.QueueStatus{
		{Link: "wire", Rate: 20e6, Bytes: 100 * sent, Packets: sent}, {Link: "wire", Dir: 1, Rate: 20e6},
	}}
	if b.stations != nil {
		status.Stations = b.stations()
	}
	return status, nil
}

func (b *bed) Watch(ctx context.Context, _ ...string) error {
	if b.watch != nil {
		return b.watch(ctx)
	}
	<-ctx.Done()
	return nil
}

func (b *bed) Reason(_ context.Context, err error) error {
	if b.reason != nil {
		return b.reason(err)
	}
	return err
}

func (b *bed) Canary(context.Context) (Canary, error) {
	if b.canary == nil {
		return nil, errors.New("the fake testbed has no canary")
	}
	return b.canary()
}

func (b *bed) Health(_ context.Context, since uint64) (health.Health, error) {
	if b.health == nil {
		return health.Health{}, fabric.ErrNoHealth
	}
	h, err := b.health()
	h.Report = b.report(h.Spells, since)
	return h, err
}

// report is of all spells so far, those from number since on.
func (b *bed) report(all []health.Spell, since uint64) health.Report {
	next := uint64(len(all))
	since = min(since, next)
	return health.Report{Now: int64(time.Since(b.epoch)), Since: since, Next: next, Last: true, Spells: all[since:]}
}

func (b *bed) Verify(_ context.Context, progress func(done, total int, what string)) ([]record.Fidelity, error) {
	progress(0, 1, "wire")
	if b.verify != nil {
		return b.verify()
	}
	return []record.Fidelity{{
		From: "pi", To: "server", Link: "wire", Class: "wire", Quantity: "rtt_s", Target: 0.02, Measured: 0.02,
		OK: true, Verdict: "ok",
	}}, nil
}

func (b *bed) Player(context.Context) (Player, error) {
	if b.player != nil {
		return b.player()
	}
	return &steady{}, nil
}

func (b *bed) Begin(_ context.Context, run string) (Lease, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.runs != "" {
		return nil, fmt.Errorf("testbed fake: run %s is on it", b.runs)
	}
	b.runs, b.began = run, append(b.began, run)
	return &fakeLease{b}, nil
}

type fakeLease struct{ *bed }

func (l *fakeLease) Changes() []Change { return l.changes }

func (l *fakeLease) Found() Found {
	if l.found != nil {
		return *l.found
	}
	return Found{Network: fabric.Network{Topology: l.e.Topology, Queues: l.e.Topology.QueueLimits()}}
}

func (l *fakeLease) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs = ""
}

// steady is a player for whom all goes as wanted.
type steady struct {
	fail     error // of every moment
	restored error
	played   []string
	restores int
}

func (p *steady) Play(ctx context.Context, start time.Time, moments []Moment, tell func(Played)) {
	for _, m := range moments {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(start.Add(m.At))):
		}
		began := time.Since(start)
		time.Sleep(time.Millisecond)
		m.Overlay.Over(fabric.Network{})
		p.played = append(p.played, strings.Join(m.What, " "))
		tell(Played{At: m.At, Began: began, Done: time.Since(start), What: m.What, Err: p.fail})
	}
}

func (p *steady) Restore(context.Context) error {
	p.restores++
	return p.restored
}
