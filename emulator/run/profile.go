package run

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/profile"
	"testbed/emulator/record"
	"testbed/emulator/scenario"
)

// Profiled makes a scenario that of its own profiling run: one job after the other, under one model of the study's
// (empty: in-function, or the first of the scenario's), warm, and disturbed ones again. It returns the digest of the
// scenario as it was, apart from a profile that it names. It fails where there is nothing to measure.
func Profiled(s *scenario.Scenario, model string) (digest string, err error) {
	if !s.Programs() {
		return "", errors.New("no function is a program, so that there is nothing to measure: the section functions " +
			"says which are")
	}
	if model != "" && !slices.Contains(plan.Study, plan.Model(model)) {
		return "", fmt.Errorf("under the model %s functions cannot be programs: take one of %v", model, plan.Study)
	}
	s.Profile = ""
	text, err := s.MarshalJSON()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	switch own := string(plan.InFunction); {
	case model != "":
	case slices.Contains(s.Models, own):
		model = own
	default:
		model = s.Models[0]
	}
	s.Models = []string{model}
	s.Replay.Arrival = scenario.Arrival{Kind: "sequential"}
	s.Replay.Chains, s.Replay.Warmup = 0, true
	if s.Replay.Disturbed.Then != "repeat" {
		s.Replay.Disturbed.Then, s.Replay.Disturbed.Repeats = "repeat", 3
	}
	s.Events = nil
	return hex.EncodeToString(sum[:]), nil
}

// Profiler is a sink that takes what programs took.
type Profiler struct {
	mu        sync.Mutex
	samples   []profile.Sample
	starts    map[string][]time.Duration // of instances, by function
	chains    int
	disturbed int
}

// Write implements record.Sink.
func (p *Profiler) Write(c record.Chain, steps []record.Step) error {
	if c.Superseded || !c.OK() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.chains++
	if c.Disturbed {
		p.disturbed++
	}
	functions := map[int]string{} // by task
	for i := range c.Programs {
		of := &c.Programs[i]
		functions[of.Task] = of.Function
		s := profile.Sample{Job: c.Job, Task: of.Task, Function: of.Function, Argument: of.Argument, Result: of.Result,
			Duration: time.Duration(of.Duration * 1e9)}
		for _, state := range of.States {
			s.States = append(s.States, profile.State(state))
		}
		p.samples = append(p.samples, s)
	}
	for i := range steps {
		if name := functions[steps[i].Task]; name != "" && steps[i].Start > 0 {
			if p.starts == nil {
				p.starts = map[string][]time.Duration{}
			}
			p.starts[name] = append(p.starts[name], time.Duration(steps[i].Start*1e9))
		}
	}
	return nil
}

// Started takes how long instances of a program that is always warm took to start.
func (p *Profiler) Started(function string, took []time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.starts == nil {
		p.starts = map[string][]time.Duration{}
	}
	p.starts[function] = append(p.starts[function], took...)
}

// Flush implements record.Sink.
func (*Profiler) Flush() error { return nil }

// Counts implements record.Sink.
func (*Profiler) Counts() record.Counts { return record.Counts{} }

// Close implements record.Sink.
func (*Profiler) Close() error { return nil }

// Disturbed is the number of chains that the host disturbed each time that they were made.
func (p *Profiler) Disturbed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.disturbed
}

// Profile is what was measured in a run of that manifest. It fails where no program was invoked.
func (p *Profiler) Profile(m *record.Manifest, name, digest, host string) (*profile.Profile, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.samples) == 0 {
		return nil, errors.New("no program was invoked, so that nothing was measured")
	}
	model := ""
	if len(m.Models) > 0 {
		model = m.Models[0].Model
	}
	return profile.Make(profile.About{
		Scenario: name, Digest: digest, Model: model, Host: host, Kernel: m.Kernel, Runtime: m.Runtime, Fabric: m.Fabric,
		Program: m.Version, Made: m.Start.Truncate(time.Second), Chains: p.chains,
	}, p.samples, p.starts), nil
}
