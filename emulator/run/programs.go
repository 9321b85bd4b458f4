package run

import (
	"fmt"
	"math/rand/v2"

	"testbed/emulator/faas/function"
	"testbed/emulator/plan"
	"testbed/emulator/replay"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// programsOf are the scenario's functions that are programs, as the nodes of a testbed are told of them; nil: there are
// none.
func programsOf(s *scenario.Scenario, testbed, runtime string) (*replay.Programs, error) {
	if !s.Programs() {
		return nil, nil
	}
	known, inputs := map[string]*function.Program{}, map[string]*replay.Input{}
	for i := range s.Functions {
		f := &s.Functions[i]
		if !f.Program() {
			continue
		}
		p, err := programOf(s, f, testbed, runtime)
		if err == nil {
			inputs[f.Name], err = inputOf(s, f, p)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: functions.%s: %w", s.Path(), f.Name, err)
		}
		known[f.Name] = p
	}
	all := &replay.Programs{Inputs: map[string]*replay.Input{}}
	named := map[string]*function.Program{}
	all.Of = func(name string) *function.Program {
		f := s.Function(name)
		if f == nil || !f.Program() {
			return nil
		}
		if named[name] == nil { // "*" stands for many
			one := *known[f.Name]
			one.Name = name
			named[name], all.Inputs[name] = &one, inputs[f.Name]
		}
		return named[name]
	}
	return all, nil
}

// programOf is a function's program.
func programOf(s *scenario.Scenario, f *scenario.Function, testbed, runtime string) (*function.Program, error) {
	p := &function.Program{
		Name: f.Name, Image: f.Image, Timeout: f.Timeout, Memory: int64(f.Memory), Processes: f.Processes, Group: testbed,
	}
	for _, e := range f.Env {
		p.Env = append(p.Env, e.Name+"="+e.Value)
	}
	if f.Image != "" {
		var err error
		if p.UID, p.GID, err = function.Owner("", ""); err != nil {
			return nil, err
		}
		if !s.RunsImages(runtime) {
			return nil, fmt.Errorf("the runtime %s runs no images: give the function a command, or write runtime: docker",
				runtime)
		}
		return p, nil
	}
	if s.RunsImages(runtime) {
		return nil, fmt.Errorf("the runtime %s runs functions from images only: give the function an image, "+
			"or write runtime: process", runtime)
	}
	var err error
	p.Command, p.Dir = f.Command, scenario.Absolute(s.FunctionDir(f))
	if p.Path, err = s.ProgramPath(f); err != nil {
		return nil, err
	}
	p.UID, p.GID, err = function.Owner(p.Dir, p.Path)
	return p, err
}

// largestPayload bounds a file that is an argument, in bytes.
const largestPayload = plan.MaxMessage

// inputOf is what a function gets as its argument: its files in an order of the scenario's seed. They are read with the
// program's rights.
func inputOf(s *scenario.Scenario, f *scenario.Function, p *function.Program) (*replay.Input, error) {
	in := &replay.Input{
		Previous: f.Argument == scenario.ArgumentPrevious,
		Read:     func(path string) ([]byte, error) { return function.ReadAs(p.UID, p.GID, path, largestPayload) },
	}
	if f.Payload == "" {
		return in, nil
	}
	files, err := s.Payloads(f)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no file fits the payload %q", f.Payload)
	}
	random := rand.New(rand.NewPCG(s.Seed, 0x7061796c6f6164)) // "payload"
	random.Shuffle(len(files), func(i, k int) { files[i], files[k] = files[k], files[i] })
	in.Files = files
	return in, nil
}

// programs are the run's.
func (r *run) programs() (*replay.Programs, error) {
	bed := r.Bed.Description()
	return programsOf(r.Scenario.Source, bed.Testbed, bed.Runtime)
}

// serve fulfils what agents wish for programs in containers, until the function that it returns is called.
func (r *run) serve(p *replay.Programs) (end func()) {
	if p == nil {
		return func() {}
	}
	return serveWishes(r.Bed, r.containers(p), p.Of)
}

// containers are the nodes beside which programs run in containers.
func (r *run) containers(p *replay.Programs) []topology.ID {
	seen := map[topology.ID]bool{}
	var all []topology.ID
	for _, plans := range r.plans {
		for _, one := range plans {
			for i := range one.Invocations {
				inv := &one.Invocations[i]
				if f := p.Of(inv.Function); f == nil || f.Image == "" {
					continue
				}
				nodes := append([]topology.ID{inv.Worker}, inv.Candidates...)
				if r.Scenario.Movable(one.Model) && len(inv.States) > 0 {
					nodes = append(nodes, r.reach()...)
				}
				for _, node := range nodes {
					if !seen[node] {
						seen[node] = true
						all = append(all, node)
					}
				}
			}
		}
	}
	return all
}
