package spread

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"testbed/emulator/health"
	"testbed/emulator/machines"
)

const (
	// keptSpells are those of all machines that are kept for whoever asks next, and toldSpells those that are told at
	// once.
	keptSpells = 1 << 14
	toldSpells = 1 << 12
	// mostRounds is how often machines are asked for more spells at a time.
	mostRounds = 16
)

// punctual keeps the machines' spells under numbers of its own, for each machine counts its own.
type punctual struct {
	mutex    sync.Mutex
	spells   *health.Ring
	machines []told // in order
	from     int64  // when the last of the machines' fabrics began
}

// Health puts the machines' health together, on the first machine's clock; see health.Health.Parts. Spells have numbers
// of this value's own. It fails where a machine does not answer, or its clock is not known.
func (f *Fabric) Health(ctx context.Context, since uint64, each bool) (health.Health, error) {
	r, err := f.recorded()
	if err != nil {
		return health.Health{}, f.wrap(err)
	}
	f.punctual.mutex.Lock()
	defer f.punctual.mutex.Unlock()
	all, last, err := f.hear(ctx, r.machines, each)
	if err != nil {
		return health.Health{}, f.wrap(err)
	}
	h, err := f.punctual.merge(machines.Names(r.machines), all)
	if err != nil {
		return health.Health{}, f.wrap(err)
	}
	h.Report = f.punctual.spells.Report(h.Now, since, toldSpells)
	h.Last = h.Last && last
	h.Stations = r.ordered(h.Stations)
	return h, nil
}

// hear asks the machines for their health, and takes the spells down that are not known yet; last says that these are
// all.
func (f *Fabric) hear(
	ctx context.Context, of []machines.Machine, each bool,
) (all []health.Health, last bool, err error) {
	p := &f.punctual
	p.are(machines.Names(of))
	all = make([]health.Health, len(of))
	for range mostRounds {
		replies, err := f.all(ctx, of, func(i int) request {
			return request{Op: opHealth, Since: p.machines[i].next, Each: each}
		})
		if err != nil {
			return nil, false, err
		}
		last = true
		for i := range replies {
			all[i] = replies[i].Health
			last = p.machines[i].take(&all[i]) && last
		}
		if last {
			break
		}
	}
	return all, last, nil
}

// are makes the list that of the machines that there are.
func (p *punctual) are(names []string) {
	if slices.EqualFunc(p.machines, names, func(t told, name string) bool { return t.name == name }) {
		return
	}
	p.machines, p.from, p.spells = nil, 0, health.NewRing(keptSpells)
	for _, name := range names {
		p.machines = append(p.machines, told{name: name})
	}
}

// merge puts together what all machines tell, but the spells, which it keeps.
func (p *punctual) merge(names []string, all []health.Health) (health.Health, error) {
	clocks, err := clocksOf(names, all)
	if err != nil {
		return health.Health{}, err
	}
	var sum health.Health
	var spells []health.Spell
	for i := range all {
		h, part := &all[i], &clocks[i]
		part.Busy, part.Waited, part.Overflow, part.Refused = h.Busy, h.Waited, h.Overflow, h.Refused
		part.Written, part.Overslept = h.Written, h.Overslept
		add(&sum, h, names[i])
		if now := part.At(h.Now); i == 0 || now < sum.Now {
			sum.Now = now
		}
		spells = append(spells, p.machines[i].placed(part)...)
	}
	sum.Parts = clocks
	sum.Busy, sum.Waited = sum.Busy/time.Duration(len(all)), sum.Waited/time.Duration(len(all))
	slices.SortFunc(spells, func(a, b health.Spell) int { return cmp.Compare(a.To, b.To) })
	for _, s := range spells {
		p.spells.Add(s)
	}
	sum.From = p.begun(all, clocks)
	return sum, nil
}

// add adds what a machine tells to that of others.
func add(sum, h *health.Health, name string) {
	sum.Late.Add(&h.Late)
	sum.Written.Add(&h.Written)
	sum.Overslept.Add(&h.Overslept)
	sum.Turns.Add(&h.Turns)
	sum.Busy, sum.Waited = sum.Busy+h.Busy, sum.Waited+h.Waited
	sum.Overflow, sum.Refused = sum.Overflow+h.Overflow, sum.Refused+h.Refused
	sum.Stations = append(sum.Stations, h.Stations...)
	for _, c := range h.Crossings {
		c.Of = name
		sum.Crossings = append(sum.Crossings, c)
	}
}

// begun is when the last of the fabrics began. It stays to the nanosecond what it was, however the estimates of the
// clocks change, until one of them is another: by that, others tell that counters began anew.
func (p *punctual) begun(all []health.Health, clocks []health.Part) int64 {
	changed := false
	for i := range all {
		changed = changed || p.machines[i].counts != all[i].From
		p.machines[i].counts = all[i].From
	}
	if changed {
		was := p.from
		p.from = clocks[0].At(all[0].From)
		for i := range all {
			p.from = max(p.from, clocks[i].At(all[i].From))
		}
		if p.from == was {
			p.from++
		}
	}
	return p.from
}

// ordered are the stations in the network's order.
func (r *record) ordered(all []health.Station) []health.Station {
	by := map[string]int{}
	for i := range all {
		by[all[i].Name] = i
	}
	var stations []health.Station
	for _, s := range r.network.Stations {
		if i, told := by[r.network.Topology.Vertices[s.ID].Name]; told {
			stations = append(stations, all[i])
		}
	}
	return stations
}
