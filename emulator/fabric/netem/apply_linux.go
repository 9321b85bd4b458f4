package netem

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/netns"
)

// passes is how often Apply looks and mends. Three make a network from nothing: devices, what they have, and a look
// whether all is as wanted. More are needed where a namespace's end takes devices along meanwhile.
const passes = 8

// apply makes the network as wanted.
func (f *Fabric) apply(ctx context.Context, want *fabric.Network) error {
	l, err := f.layoutOf(want)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	former, err := f.formerAddresses(want)
	if err != nil {
		return err
	}
	left, err := f.intend(want)
	if err != nil {
		return err
	}
	if err := errors.Join(f.leave(left), f.makeSpaces(l)); err != nil {
		return err
	}
	v, err := f.view(ctx, want, l)
	if err != nil {
		return err
	}
	defer v.close()
	v.former = former
	absent, unread := v.missing()
	err = errors.Join(unread, v.mend(ctx))
	if err == nil && len(left) > 0 {
		err = f.writeStations(refs(want))
	}
	if err == nil && len(absent) == 0 && len(former) > 0 {
		err = f.erase(formerFile) // no station has an address of an earlier network any more
	}
	if err == nil && len(absent) > 0 {
		return &fabric.AbsentError{Stations: absent}
	}
	return err
}

// leave removes what stations have of the network that are no longer its.
func (f *Fabric) leave(stations []netns.Ref) (err error) {
	for _, r := range stations {
		err = errors.Join(err, clear(r, nil))
	}
	return err
}

// mend looks and mends until nothing differs.
func (v *view) mend(ctx context.Context) error {
	altered := func(o *observed) bool { return o != nil && len(o.altered) > 0 }
	if slices.ContainsFunc(v.state, altered) {
		defer station.AllowCongestion(v.n.Stations)()
	}
	dirty := v.all()
	var failed map[int]error
	var left string
	for range passes {
		if err := ctx.Err(); err != nil {
			return err
		}
		touched, broken := v.mendDevices()
		steady := slices.DeleteFunc(dirty, func(i int) bool { return touched[i] })
		changed := make([]string, len(v.l.spaces))
		failed = v.each(steady, func(i int) (err error) { changed[i], err = v.mendSpace(i); return err })
		maps.Copy(failed, broken)
		dirty = nil
		for i, what := range changed {
			if what != "" {
				left = v.name(i) + ": " + what
			}
			if what != "" || touched[i] || failed[i] != nil {
				dirty = append(dirty, i)
			}
		}
		if len(dirty) == 0 {
			return nil
		}
		maps.Copy(failed, v.each(dirty, v.observe))
		v.bind()
	}
	var all []error
	for _, i := range slices.Sorted(maps.Keys(failed)) {
		all = append(all, v.of(i, failed[i]))
	}
	if all == nil {
		return fmt.Errorf("the network does not stay as wanted: %s", left)
	}
	return errors.Join(all...)
}

// mendSpace mends what differs in a space, and says what did.
func (v *view) mendSpace(i int) (changed string, err error) {
	for _, d := range v.differences(i) {
		if d.mend == nil {
			continue
		}
		changed = d.what
		if e := d.mend(v.spaces[i]); e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", d.what, e))
		}
		if d.last {
			break
		}
	}
	return changed, err
}

// mendDevices removes devices that belong to nothing, and makes those that are missing. It tells in which spaces it
// did, and what went wrong.
func (v *view) mendDevices() (touched map[int]bool, failed map[int]error) {
	touched, failed = map[int]bool{}, map[int]error{}
	taken := map[int]map[string]bool{}
	for i, e := range v.spaces {
		if e == nil || v.state[i] == nil {
			continue
		}
		for _, d := range v.strays(i) {
			touched[i] = true
			if err := e.remove(d.index); err != nil {
				failed[i] = errors.Join(failed[i], fmt.Errorf("removing %s: %w", d.name, err))
			}
		}
	}
	for k := range v.l.pairs {
		p := &v.l.pairs[k]
		a, b := p.space[0], p.space[1]
		if v.spaces[a] == nil || v.spaces[b] == nil || v.bound[portID{a, p.port[0]}] != nil {
			continue
		}
		var names [2]string
		for end, i := range p.space {
			if taken[i] == nil {
				taken[i] = v.names(i)
				failed[i] = errors.Join(failed[i], v.prepare(i))
			}
			names[end], touched[i] = free(taken[i]), true
		}
		if failed[a] == nil && failed[b] == nil {
			failed[a] = v.makePair(p, names)
		}
	}
	maps.DeleteFunc(failed, func(_ int, err error) bool { return err == nil })
	return touched, failed
}

// prepare sets the variables in the namespace of a station that has none of the fabric's devices yet: devices to
// come take over what is set there.
func (v *view) prepare(i int) error {
	if v.l.spaces[i].station < 0 {
		return nil
	}
	for range devicesOf(v.state[i]) {
		return nil
	}
	if err := v.setVariables(i); err != nil {
		return err
	}
	v.state[i].altered = nil
	return nil
}
