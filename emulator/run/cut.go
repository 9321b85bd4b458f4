package run

import (
	"cmp"
	"slices"
	"time"

	"testbed/emulator/canary"
	"testbed/emulator/health"
	"testbed/emulator/hostload"
	"testbed/emulator/internal/printable"
	"testbed/emulator/record"
)

// crossings is what went from each machine to each other one between two readings: what the one sent, and what the
// other one received of it, each by its own counters.
func crossings(before, after []health.Crossing) []record.Crossing {
	type pair struct{ of, other string }
	had, all := map[pair]*health.Crossing{}, map[pair]*record.Crossing{}
	for i := range before {
		had[pair{before[i].Of, before[i].Machine}] = &before[i]
	}
	from := func(one, other string) *record.Crossing {
		if all[pair{one, other}] == nil {
			all[pair{one, other}] = &record.Crossing{From: one, To: other}
		}
		return all[pair{one, other}]
	}
	for i := range after {
		c := &after[i]
		b := had[pair{c.Of, c.Machine}]
		if b == nil {
			b = &health.Crossing{}
		}
		out, in := from(c.Of, c.Machine), from(c.Machine, c.Of)
		out.Sent, out.Lost = c.Sent-min(b.Sent, c.Sent), c.Lost-min(b.Lost, c.Lost)
		in.Received, in.Late = c.Received-min(b.Received, c.Received), c.Late-min(b.Late, c.Late)
		if by := c.By.Since(&b.By); in.Late > 0 {
			in.LateP50, in.LateP99, in.LateMax = by.Quantile(0.5).Seconds(), by.Quantile(0.99).Seconds(), by.Longest.Seconds()
		}
		in.ClockError = c.Error.Seconds()
	}
	list := make([]record.Crossing, 0, len(all))
	for _, c := range all {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b record.Crossing) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return list
}

// judgeCut judges what was late or lost between machines. What of it concerns chains is in their spells: a packet that
// comes after it was due is written late to its station.
func judgeCut(v *record.Validity) {
	for i := range v.Cut {
		c := &v.Cut[i]
		if c.Late > 0 {
			verdict := record.Amber
			if float64(c.Late) > tolerableLoss*float64(c.Received) {
				verdict = record.Red
			}
			blame(v, verdict, "%d of %s from machine %s to %s came after they were due, by up to %v: the way between "+
				"the machines took longer than the links that are cut, or the hosts did", c.Late,
				printable.Count(c.Received, "packet"), c.From, c.To,
				seconds(c.LateMax))
		}
		if c.Lost > 0 {
			blame(v, record.Amber, "%s lost between machines %s and %s, beside %d that went",
				printable.Counted(c.Lost, "packet", "was", "were"), c.From, c.To, c.Sent)
		}
		if c.ClockError > health.Floor.Seconds() {
			blame(v, record.Amber, "by how much the clocks of machines %s and %s differ is known to %v only", c.From, c.To,
				seconds(c.ClockError))
		}
	}
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Microsecond)
}

// loadsSince is what each machine had to do between two readings, in the order of names.
func loadsSince(after, before map[string]hostload.Snapshot) (all []record.MachineHostLoad) {
	for name, s := range after {
		if load := s.Since(before[name]); load != nil {
			all = append(all, record.MachineHostLoad{Machine: name, HostLoad: *load})
		}
	}
	slices.SortFunc(all, func(a, b record.MachineHostLoad) int { return cmp.Compare(a.Machine, b.Machine) })
	return all
}

// canaryOn adds to the machines what their canaries' probes came to.
func canaryOn(machines []record.MachineHostLoad, probes []canary.Machine) {
	for i := range probes {
		for j := range machines {
			if machines[j].Machine == probes[i].Name {
				machines[j].Canary = probesOf(&probes[i].Result)
			}
		}
	}
}

// punctualOn adds to the machines how punctual their fabrics were between two readings.
func punctualOn(machines []record.MachineHostLoad, before, after *health.Health) {
	part := func(h *health.Health, name string) *health.Part {
		for i := range h.Parts {
			if h.Parts[i].Machine == name {
				return &h.Parts[i]
			}
		}
		return nil
	}
	for i := range machines {
		m := &machines[i]
		b, a := part(before, m.Machine), part(after, m.Machine)
		if a == nil || b == nil {
			continue
		}
		m.Fabric = punctual(b, a, after.Now-before.Now)
	}
}

// punctual is how punctual a fabric was between two readings, so much time apart (ns).
func punctual(before, after *health.Part, spent int64) *record.FabricHealth {
	written, overslept := after.Written.Since(&before.Written), after.Overslept.Since(&before.Overslept)
	f := &record.FabricHealth{
		Packets: written.Count, LateP50: written.Quantile(0.5).Seconds(), LateP99: written.Quantile(0.99).Seconds(),
		LateMax: written.Longest.Seconds(), OversleptP99: overslept.Quantile(0.99).Seconds(),
		OversleptMax: overslept.Longest.Seconds(), Waited: (after.Waited - before.Waited).Seconds(),
		Lost: after.Overflow - min(before.Overflow, after.Overflow),
	}
	if spent > 0 {
		f.Busy = float64(after.Busy-before.Busy) / float64(spent)
	}
	return f
}
