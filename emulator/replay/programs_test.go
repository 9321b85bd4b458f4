package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"testbed/emulator/faas"
	"testbed/emulator/faas/function"
	"testbed/emulator/topology"
)

// toldAgent is an agent that remembers what it was told of programs.
type toldAgent struct {
	Agent
	mu       sync.Mutex
	programs []string
	payloads int
	fails    error
}

func (a *toldAgent) Programs(_ context.Context, programs []function.Program) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.programs = nil
	for _, p := range programs {
		a.programs = append(a.programs, fmt.Sprint(p.Name, p.Scaled))
	}
	return a.fails
}

func (a *toldAgent) Payload(context.Context, string, []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.payloads++
	return nil
}

// programmed is a replay of two models, each with three jobs of functions f, a program with two files, and g, which
// takes what f has answered; h is built in. f and h execute on node 1, g on node 2.
func programmed(agents map[topology.ID]*toldAgent, read func(string) ([]byte, error)) *replay {
	r := &replay{Config: Config{Name: func(id topology.ID) (string, string) { return fmt.Sprint("n", id), "" }}}
	r.controls = map[topology.ID]Agent{}
	for id, a := range agents {
		r.controls[id] = a
	}
	r.Config.Programs = &Programs{
		Of: func(name string) *function.Program {
			if name == "h" {
				return nil
			}
			return &function.Program{Name: name}
		},
		Inputs: map[string]*Input{
			"f": {Files: []string{"a", "b"}, Previous: true, Read: read}, "g": {Previous: true},
		},
	}
	for range 2 {
		var specs []*faas.ChainSpec
		for range 3 {
			specs = append(specs, &faas.ChainSpec{Invocations: []faas.InvocationSpec{
				{Function: "f", Node: 1},
				{Function: "h", Node: 1, After: []int{0}},
				{Function: "g", Node: 2, After: []int{0}},
			}})
		}
		r.specs = append(r.specs, specs)
	}
	return r
}

// TestProgramsArePrepared: the nodes that execute programs are told of them, clients' nodes get each file once, and
// jobs get the same files under each model.
func TestProgramsArePrepared(t *testing.T) {
	agents := map[topology.ID]*toldAgent{0: {}, 1: {}, 2: {}}
	r := programmed(agents, func(path string) ([]byte, error) { return []byte("content of " + path), nil })
	p, err := newPrograms(r)
	if err != nil {
		t.Fatal(err)
	}
	var keys [2][]string
	for m, specs := range r.specs {
		for _, s := range specs {
			keys[m] = append(keys[m], s.Invocations[0].Payload)
			if i := s.Invocations; i[0].Previous || !i[2].Previous || i[2].Payload != "" || i[1].Program {
				t.Errorf("%+v", s.Invocations)
			}
		}
	}
	if k := keys[0]; !slices.Equal(k, keys[1]) || k[0] == k[1] || k[0] != k[2] || len(k[0]) != 64 {
		t.Errorf("payloads: %v", keys)
	}
	if err := p.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := agents[0]; a.payloads != 2 || a.programs != nil {
		t.Errorf("the client's agent: %d payloads, %v", a.payloads, a.programs)
	}
	if !slices.Equal(agents[1].programs, []string{"ffalse"}) || !slices.Equal(agents[2].programs, []string{"gfalse"}) {
		t.Errorf("%v, %v", agents[1].programs, agents[2].programs)
	}
	p.stop(t.Context())
	if agents[1].programs != nil || agents[2].programs != nil {
		t.Error("programs are left")
	}
}

// TestProgramsThatCannotStart: the replay does not begin, and says why.
func TestProgramsThatCannotStart(t *testing.T) {
	reason := errors.New("no such program")
	agents := map[topology.ID]*toldAgent{0: {}, 1: {fails: reason}, 2: {}}
	calls := 0
	p, err := newPrograms(programmed(agents, func(path string) ([]byte, error) { return []byte(path), nil }))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.start(t.Context()); !errors.Is(err, reason) {
		t.Error(err)
	}
	_, err = newPrograms(programmed(agents, func(string) ([]byte, error) { return nil, reason }))
	if !errors.Is(err, reason) {
		t.Errorf("a payload that cannot be read: %v", err)
	}
	p, err = newPrograms(programmed(agents, func(path string) ([]byte, error) {
		calls++
		return fmt.Append(nil, path, calls), nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.start(t.Context()); err == nil {
		t.Error("a payload that has changed is sent")
	}
}

// TestProgramsThatGoAlong: a program ends with the stateful instances that use it where nobody else does, neither calls
// without states nor another model.
func TestProgramsThatGoAlong(t *testing.T) {
	stateful := func(function string, node topology.ID) faas.InvocationSpec {
		return faas.InvocationSpec{Function: function, Node: node, Stateful: "i"}
	}
	of := func(invocations ...faas.InvocationSpec) []*faas.ChainSpec {
		return []*faas.ChainSpec{{Invocations: invocations}}
	}
	orders := [][]faas.InvocationSpec{
		{stateful("f", 1), stateful("f", 2), stateful("g", 1), {Function: "g", Node: 1}},
		{{Function: "g", Node: 1}, stateful("g", 1), stateful("f", 2), stateful("f", 1)},
	}
	for i, first := range orders {
		for _, with := range []bool{false, true} {
			r := &replay{specs: [][]*faas.ChainSpec{of(first...)}}
			r.Reach = []topology.ID{1, 2, 3}
			r.Config.Programs = &Programs{Of: func(name string) *function.Program { return &function.Program{Name: name} }}
			if other := of(stateful("f", 1)); with && i == 0 {
				r.specs = append(r.specs, other)
			} else if with {
				r.specs = append([][]*faas.ChainSpec{other}, r.specs...)
			}
			p, err := newPrograms(r)
			if err != nil {
				t.Fatal(err)
			}
			for node, want := range map[topology.ID]map[string]use{
				1: {"f": {resident: !with}, "g": {}}, 2: {"f": {resident: !with}, "g": {standby: true, resident: true}},
				3: {"f": {standby: true, resident: true}, "g": {standby: true, resident: true}},
			} {
				for name, u := range want {
					got := p.nodes[node][name]
					if got.model = 0; got != u {
						t.Errorf("order %d, another model %v, node %d, %s: %+v, want %+v", i, with, node, name, got, u)
					}
				}
			}
		}
	}
}
