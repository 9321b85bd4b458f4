package replay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/faas/function"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// Programs are the functions that are programs of the user's.
type Programs struct {
	// Of is the program of a function; nil: it is built in.
	Of func(function string) *function.Program
	// Inputs are what programs get as arguments, by function; one that is not there gets synthetic bytes.
	Inputs map[string]*Input
}

// Input is what a program gets as its argument.
type Input struct {
	Previous bool     // what the functions before have answered, if there are any
	Files    []string // otherwise one of these files, in this order, again and again; none: synthetic bytes
	Read     func(path string) ([]byte, error)
}

// mark says in a plan which functions are programs.
func (p *Programs) mark(one *plan.Plan) {
	for i := range one.Invocations {
		if inv := &one.Invocations[i]; p != nil && p.Of(inv.Function) != nil {
			inv.Program = true
		}
	}
}

// programs prepares nodes for the user's programs, and cleans up after them.
type programs struct {
	*Programs
	nodes    map[topology.ID]map[string]use    // functions by node
	files    map[topology.ID]map[string]string // payloads that a client's node needs: paths by key
	keys     map[string]string                 // of payloads, by path
	reach    []topology.ID                     // that stateful instances may move to
	name     func(topology.ID) string
	controls func(topology.ID) Agent
}

// use says how a node's instances of a function live.
type use struct {
	scaled   bool // they start and end as calls say
	standby  bool // one starts when a stateful instance moves there
	resident bool // it ends when the last stateful instance has left that uses it: nobody else does
	model    int  // of whose it is: what another one has as well stays
}

// programmable is an agent that can be told of programs.
type programmable interface {
	Programs(ctx context.Context, programs []function.Program) error
	Payload(ctx context.Context, key string, file []byte) error
}

func (p *programs) told(id topology.ID) programmable { return p.controls(id).(programmable) }

// graceToStop is for ending all instances.
const graceToStop = 20 * time.Second

// newPrograms says in the chains which functions are programs, and what they get. A job's n-th invocation of a function
// gets the same file under each model.
func newPrograms(r *replay) (*programs, error) {
	p := &programs{
		Programs: r.Config.Programs, nodes: map[topology.ID]map[string]use{}, files: map[topology.ID]map[string]string{},
		keys: map[string]string{}, controls: r.control, reach: r.Reach,
		name: func(id topology.ID) string { name, _ := r.Name(id); return name },
	}
	if p.Programs == nil {
		return p, nil
	}
	for model, specs := range r.specs {
		next := map[string]int{} // file, by function
		for _, spec := range specs {
			for i := range spec.Invocations {
				if err := p.prepare(model, spec, &spec.Invocations[i], next); err != nil {
					return nil, err
				}
			}
		}
	}
	return p, nil
}

func (p *programs) prepare(model int, spec *faas.ChainSpec, inv *faas.InvocationSpec, next map[string]int) error {
	if p.Of(inv.Function) == nil {
		return nil
	}
	scaled := inv.Instances != nil
	for _, node := range spec.Candidates(inv) {
		before, known := p.nodes[node][inv.Function]
		alone := !known || before.resident && before.model == model
		put(p.nodes, node, inv.Function, use{scaled: scaled, resident: inv.Stateful != "" && alone, model: model})
	}
	for _, node := range p.reach {
		before, known := p.nodes[node][inv.Function]
		switch {
		case inv.Stateful == "":
		case !known:
			put(p.nodes, node, inv.Function, use{scaled: scaled, standby: true, resident: true, model: model})
		case before.model != model && !before.standby:
			before.resident = false
			put(p.nodes, node, inv.Function, before)
		}
	}
	in := p.Inputs[inv.Function]
	switch {
	case in == nil:
	case in.Previous && len(inv.After) > 0:
		inv.Previous = true
	case len(in.Files) > 0:
		path := in.Files[next[inv.Function]%len(in.Files)]
		next[inv.Function]++
		key, known := p.keys[path]
		if !known {
			content, err := in.Read(path)
			if err != nil {
				return fmt.Errorf("function %s: its payload: %w", inv.Function, err)
			}
			sum := sha256.Sum256(content)
			key = hex.EncodeToString(sum[:])
			p.keys[path] = key
		}
		inv.Payload = key
		put(p.files, spec.Client, key, path)
	}
	return nil
}

func put[K, N comparable, V any](in map[K]map[N]V, key K, name N, value V) {
	if in[key] == nil {
		in[key] = map[N]V{}
	}
	in[key][name] = value
}

// start gives clients' nodes their payloads, and starts the programs on the nodes that execute them.
func (p *programs) start(ctx context.Context) error {
	for _, id := range slices.Sorted(maps.Keys(p.files)) {
		for _, key := range slices.Sorted(maps.Keys(p.files[id])) {
			content, err := p.read(p.files[id][key])
			if err == nil {
				err = p.told(id).Payload(ctx, key, content)
			}
			if err != nil {
				return fmt.Errorf("giving node %s the payload %s: %w", p.name(id), p.files[id][key], err)
			}
		}
	}
	return p.each(func(id topology.ID) error {
		var all []function.Program
		for _, name := range slices.Sorted(maps.Keys(p.nodes[id])) {
			one := *p.Of(name)
			of := p.nodes[id][name]
			one.Scaled, one.Standby, one.Resident = of.scaled, of.standby, of.resident
			all = append(all, one)
		}
		return p.told(id).Programs(ctx, all)
	})
}

// read is a payload's content, which may have changed since its key was made: then nobody gets it.
func (p *programs) read(path string) ([]byte, error) {
	for _, in := range p.Inputs {
		if slices.Contains(in.Files, path) {
			content, err := in.Read(path)
			if sum := sha256.Sum256(content); err == nil && hex.EncodeToString(sum[:]) != p.keys[path] {
				err = errors.New("it was changed in the meantime")
			}
			return content, err
		}
	}
	return nil, fmt.Errorf("%s is no payload", path)
}

// stop ends all instances, also where ctx has ended.
func (p *programs) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceToStop)
	defer cancel()
	for id := range p.files {
		put(p.nodes, id, "", use{})
	}
	_ = p.each(func(id topology.ID) error { return p.told(id).Programs(ctx, nil) }) // dead nodes have none
}

// each calls do for all nodes that have programs, several at once.
func (p *programs) each(do func(topology.ID) error) error {
	var wait sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	slots := make(chan struct{}, atOnce)
	for _, id := range slices.Sorted(maps.Keys(p.nodes)) {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			if err := do(id); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}
