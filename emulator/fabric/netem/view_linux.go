package netem

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/internal/proc"
	"testbed/emulator/netns"
)

// workers is how many namespaces are worked in at a time; most calls hold one lock of the kernel's.
const workers = 2

// view is a network as it is wanted beside what the kernel holds of it.
type view struct {
	n          *fabric.Network
	l          *layout
	spaces     []*entered // nil: not there
	absent     []error    // why a space is not there
	state      []*observed
	bare       bool               // only devices and queueing disciplines are observed
	bound      map[portID]*device // the devices of the ports that are there
	netemWants map[portID]netemWant
	bursts     map[portID]bool
	tables     []map[netip.Prefix]target // worked out as they are needed
	former     map[netns.Ref][]netip.Prefix
}

// view opens the namespaces that there are, and observes them.
func (f *Fabric) view(ctx context.Context, n *fabric.Network, l *layout) (*view, error) {
	return f.viewOf(ctx, n, l, nil, false)
}

// viewOf does so of some spaces only; nil: of all. bare: of devices and queueing disciplines only.
func (f *Fabric) viewOf(
	ctx context.Context, n *fabric.Network, l *layout, only map[int]bool, bare bool,
) (*view, error) {
	count := len(l.spaces)
	v := &view{n: n, l: l, spaces: make([]*entered, count), absent: make([]error, count), state: make([]*observed, count),
		bare: bare, netemWants: l.netemWants(n), bursts: l.bursts(n), tables: make([]map[netip.Prefix]target, count)}
	altered := make([][]string, count)
	err := proc.OnSpareThread(func() error {
		for i := range l.spaces {
			if only != nil && !only[i] {
				continue
			}
			e, err := enterHere(f.ref(n, &l.spaces[i]))
			if err != nil {
				v.absent[i] = err
				continue
			}
			if v.spaces[i] = e; !bare {
				altered[i] = station.Untuned(v.variables(i))
			}
		}
		return ctx.Err()
	})
	if err == nil {
		for i, e := range v.each(v.all(), v.observe) { // what cannot be read is as good as not there
			v.absent[i] = e
			v.spaces[i].close()
			v.spaces[i], v.state[i] = nil, nil
		}
		for i, o := range v.state {
			if o != nil {
				o.altered = altered[i]
			}
		}
	}
	if err != nil {
		v.close()
		return nil, err
	}
	v.bind()
	return v, nil
}

// ref leads to a space's namespace.
func (f *Fabric) ref(n *fabric.Network, s *space) netns.Ref {
	if s.station >= 0 {
		return n.Stations[s.station].NetNS
	}
	return netns.Ref{Path: f.spacePath(s.name)}
}

func (v *view) close() {
	for _, e := range v.spaces {
		if e != nil {
			e.close()
		}
	}
}

// all are the numbers of all spaces.
func (v *view) all() []int {
	all := make([]int, len(v.l.spaces))
	for i := range all {
		all[i] = i
	}
	return all
}

func (v *view) name(i int) string { return v.n.Topology.Vertices[v.l.spaces[i].vertex].Name }

// of says in which space an error arose.
func (v *view) of(i int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", v.name(i), err)
}

// each calls do for spaces, several at a time, and returns the errors by space.
func (v *view) each(spaces []int, do func(i int) error) map[int]error {
	failed := make([]error, len(v.l.spaces))
	var group errgroup.Group
	group.SetLimit(workers)
	for _, i := range spaces {
		group.Go(func() error { failed[i] = do(i); return nil })
	}
	_ = group.Wait()
	all := map[int]error{}
	for i, err := range failed {
		if err != nil {
			all[i] = err
		}
	}
	return all
}

// observe reads what a space holds; its variables only where they were not as wanted before.
func (v *view) observe(i int) error {
	e := v.spaces[i]
	if e == nil {
		return nil
	}
	if v.bare {
		var err error
		v.state[i], err = e.observeQueues()
		return err
	}
	o, err := e.observe(v.l.spaces[i].station < 0, v.l.spaces[i].medium)
	if err != nil {
		return err
	}
	if before := v.state[i]; before != nil && len(before.altered) > 0 {
		err = e.do(func() error { o.altered = station.Untuned(v.variables(i)); return nil })
	}
	v.state[i] = o
	return err
}

// variables is a station with the variables that are read of a space each time. The others of station.Settle, dozens,
// are set where a station is attached, and whenever one of these is not as wanted.
func (v *view) variables(i int) fabric.Station {
	s := &v.l.spaces[i]
	if s.station < 0 {
		return fabric.Station{Sysctls: forwarding}
	}
	all := map[string]string{"net/ipv4/ip_forward": "0"}
	maps.Copy(all, v.n.Stations[s.station].Sysctls)
	return fabric.Station{Sysctls: all, Forwards: v.n.Stations[s.station].Forwards}
}

// isAbsent tells whether an error says that a station's namespace is not there, or no longer.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, netns.ErrOther) || errors.Is(err, proc.ErrGone) ||
		errors.Is(err, unix.ESRCH)
}

// missing tells which stations are absent, and what else prevents a space from being entered.
func (v *view) missing() (stations []string, err error) {
	for i, why := range v.absent {
		switch {
		case why == nil:
		case v.l.spaces[i].station >= 0 && isAbsent(why):
		default:
			err = errors.Join(err, v.of(i, why))
		}
	}
	for s := range v.n.Stations {
		if i, ok := v.l.index[v.n.Stations[s].ID]; ok && v.absent[i] != nil {
			stations = append(stations, v.name(i))
		}
	}
	return stations, err
}

// table is the routing table that a space is to have.
func (v *view) table(i int) map[netip.Prefix]target {
	if v.tables[i] == nil {
		v.tables[i] = v.l.table(v.n, i)
	}
	return v.tables[i]
}
