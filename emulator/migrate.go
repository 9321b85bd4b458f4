package emulator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"testbed/emulator/faas"
	"testbed/emulator/orchestrator"
	"testbed/emulator/topology"
)

// Migration says which function of which client is to go where, with the states that its worker keeps.
type Migration struct {
	Function, Client, To string
	Method               string
	Rounds               int // of pre-copy; 0: as many as are usual
}

// Migrated is what became of one instance's move.
type Migrated struct {
	From  string
	Moved faas.Moved
}

// Migrate moves a function's instances, of the run that is under way, one after the other. It fails where there is
// none, or it is at the target already; a move that is undone is no error.
func (b *Bed) Migrate(ctx context.Context, origin string, m Migration) ([]Migrated, error) {
	stations, err := b.Stations()
	if err != nil {
		return nil, err
	}
	ids := map[string]topology.ID{}
	for _, s := range stations {
		ids[s.Name] = s.ID
	}
	for _, name := range []string{m.Client, m.To} {
		if _, known := ids[name]; !known {
			return nil, fmt.Errorf("testbed %s has no node %q with an agent", b.Journal.Testbed, name)
		}
	}
	agents := map[topology.ID]*faas.Client{}
	defer func() {
		for _, a := range agents {
			a.Close()
		}
	}()
	client := func(id topology.ID) *faas.Client {
		if agents[id] == nil {
			agents[id] = b.Agent(id)
		}
		return agents[id]
	}
	var found []faas.Stateful
	var silent error
	for _, s := range stations {
		all, err := client(s.ID).Instances(ctx)
		silent = errors.Join(silent, err)
		for i := range all {
			one := &all[i].Stateful
			if one.Origin == s.ID && one.Client == ids[m.Client] && slices.Contains(one.Functions, m.Function) {
				found = append(found, *one)
			}
		}
	}
	if len(found) == 0 {
		return nil, errors.Join(fmt.Errorf("no function %q of %s keeps states in a worker at present: that is so while "+
			"a run replays the model in-function", m.Function, m.Client), silent)
	}
	what := fmt.Sprintf("function %s of %s is moved to %s", m.Function, m.Client, m.To)
	if err := b.Note(ctx, origin, orchestrator.Traffic, what); err != nil {
		return nil, err
	}
	return b.migrate(ctx, found, m, ids[m.To], client, func(id topology.ID) string { return stationName(stations, id) })
}

func (b *Bed) migrate(ctx context.Context, found []faas.Stateful, m Migration, to topology.ID,
	client func(topology.ID) *faas.Client, name func(topology.ID) string,
) (all []Migrated, err error) {
	address := func(id topology.ID) string {
		return netip.AddrPortFrom(b.Address(id), orchestrator.FunctionPort).String()
	}
	for i := range found {
		order := faas.Move{ID: found[i].ID, To: to, Address: address(to), Method: m.Method, Rounds: m.Rounds}
		from, moved, err := faas.MoveAt(ctx, client, address, found[i].Origin, order)
		if err != nil {
			return all, err
		}
		all = append(all, Migrated{name(from), *moved})
	}
	return all, nil
}

func stationName(stations []orchestrator.Station, id topology.ID) string {
	for _, s := range stations {
		if s.ID == id {
			return s.Name
		}
	}
	return fmt.Sprint(id)
}
