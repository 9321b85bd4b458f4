package run

import (
	"cmp"
	"fmt"
	"slices"

	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/quantile"
	"testbed/emulator/record"
	"testbed/emulator/replay"
)

// Before a run is red: tolerable is the share of a model's chains that may be disturbed, tolerableMean that of its mean
// latency that the host may have added, and tolerableLoss that of packets that it may lose. tolerable is as well the
// share of chains that may begin late.
const (
	tolerable     = 0.05
	tolerableMean = 0.02
	tolerableLoss = 1e-3
)

// judge is the run's verdict on itself.
func (g *guard) judge(m *record.Manifest, s seen, share float64, off int) *record.Validity {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := &record.Validity{Verdict: record.Green, Share: cmp.Or(share, replay.DefaultShare), Fabric: s.fabric,
		Canary: s.canary, Host: s.host, Cut: s.cut, Machines: s.machines, ClockError: g.clocks.error().Seconds()}
	if s.mute != nil {
		v.CanaryError = s.mute.Error()
	}
	slices.Sort(g.late)
	if len(g.late) > 0 {
		v.HostP50, v.HostP99 = quantile.Above(g.late, 0.5), quantile.Above(g.late, 0.99)
		v.HostMax = g.late[len(g.late)-1]
	}
	mean := tolerableMean
	if v.Share > replay.DefaultShare { // who allows chains more allows it of their mean
		mean = v.Share
	}
	for _, c := range m.Models {
		v.Chains += c.Done
		v.Disturbed += c.Disturbed
		v.Unwatched += c.Unwatched
		v.Repeated += c.Repeated
		if float64(c.Disturbed) > tolerable*float64(c.Done) {
			blame(v, record.Red, "%s: the host may have added more than %.3g %% to %d of %s", c.Model, 100*v.Share,
				c.Disturbed, printable.Count(c.Done, "chain"))
		}
		judgeStarts(v, &c)
		if s := g.sums[c.Model]; s != nil && s.latency > 0 {
			if v.Added == nil {
				v.Added = map[string]float64{}
			}
			v.Added[c.Model] = s.host / s.latency
			if v.Added[c.Model] > mean {
				blame(v, record.Red, "%s: the host may have added up to %.2g %% to its mean latency", c.Model, 100*v.Added[c.Model])
			}
		}
	}
	judgeOthers(v, m.Events)
	if off > 0 {
		blame(v, record.Red, "%d of the links' measurements are off their targets", off)
	}
	judgeFabric(v, s)
	judgeCut(v)
	switch {
	case v.Disturbed > 0:
		blame(v, record.Amber, "the host may have added more than %.3g %% to %d of %s", 100*v.Share, v.Disturbed,
			printable.Count(v.Chains, "chain"))
	case v.Repeated > 0:
		blame(v, record.Amber, "attempts that the host disturbed, and that were made again: %d", v.Repeated)
	}
	if v.Unwatched > 0 {
		blame(v, record.Amber, "of %s the host's part is not known", printable.Count(v.Unwatched, "chain"))
	}
	judgeHost(v)
	return v
}

// judgeOthers judges what others did to the testbed.
func judgeOthers(v *record.Validity, events []record.Event) {
	for _, load := range []struct{ load, verdict, text string }{
		{"", record.Red, "the network was changed while it was measured, first by %s"},
		{"traffic", record.Red, "somebody sent packets of his own while it was measured, first by %s"},
		{"program", record.Amber, "somebody ran a program in a node while it was measured, first by %s"},
		{"capture", record.Amber, "somebody captured packets while it was measured, first by %s"},
	} {
		first := ""
		for _, e := range events {
			if e.Origin != "" && e.Load == load.load {
				v.Others = append(v.Others, e.Origin)
				first = cmp.Or(first, e.Origin)
			}
		}
		if first != "" {
			blame(v, load.verdict, load.text, first)
		}
	}
}

// judgeFabric judges what the host has lost of packets, and whether anybody watched over it.
func judgeFabric(v *record.Validity, s seen) {
	n, arrived, at := s.lost, s.arrived, s.lostAt
	if f := v.Fabric; f != nil {
		n, arrived, at = f.Lost, f.Packets, f.LostAt
	} else {
		v.Lost, v.LostAt = s.lost, s.lostAt
	}
	if n > 0 {
		verdict := record.Amber
		if float64(n) > tolerableLoss*float64(arrived+n) {
			verdict = record.Red
		}
		if at != "" {
			at = ", most of them at " + at
		}
		blame(v, verdict, "the host lost %s beside %d that arrived%s", printable.Count(n, "packet"), arrived, at)
	}
	if c := v.Canary; c != nil && c.Lost > 0 {
		blame(v, record.Amber, "the host lost %d of the canary's %s", c.Lost, printable.Count(c.Probes, "probe"))
	}
	if v.Fabric != nil || v.Canary != nil && s.mute == nil && !s.told {
		return
	}
	why := "there is no canary beside it"
	switch {
	case s.told:
		why = "it has ended, or another has taken its place"
	case s.mute != nil:
		why = s.mute.Error()
	}
	blame(v, record.Amber, "the fabric does not tell of its lateness, and what it added to chains is not known: %s", why)
}

// From where on what the host lacked is named as the cause, as shares.
const (
	muchSteal = 0.01
	muchWait  = 0.25
)

// judgeHost names what may be the cause where the host has disturbed something. By itself it disturbs nothing.
func judgeHost(v *record.Validity) {
	lost := v.Lost > 0 || v.Fabric != nil && v.Fabric.Lost > 0
	if v.Disturbed == 0 && v.Repeated == 0 && !lost {
		return
	}
	if len(v.Machines) == 0 && v.Host != nil {
		blameHost(v, v.Host, "")
	}
	for i := range v.Machines { // the controller's host carries nothing then
		blameHost(v, &v.Machines[i].HostLoad, " on machine "+v.Machines[i].Machine)
	}
}

// blameHost names what one host lacked; on says which one it is.
func blameHost(v *record.Validity, h *record.HostLoad, on string) {
	if h.Steal > muchSteal {
		blame(v, record.Amber, "the likely cause: %.3g %% of the processors' time%s went to other virtual machines",
			100*h.Steal, on)
	}
	if h.CPU != nil && *h.CPU > muchWait {
		blame(v, record.Amber, "the likely cause: in %.3g %% of the time something waited for one of %s%s",
			100**h.CPU, printable.Count(h.Processors, "processor"), on)
	}
	if h.Throttled > 0 {
		blame(v, record.Amber, "the likely cause: processors%s were slowed down %s, for they were too hot", on,
			printable.Count(h.Throttled, "time"))
	}
}

// blame adds a reason, and makes the verdict as bad as that.
func blame(v *record.Validity, verdict, format string, args ...any) {
	reason := fmt.Sprintf(format, args...)
	if verdict == record.Red && v.Verdict != record.Red {
		v.Reasons = append([]string{reason}, v.Reasons...)
	} else {
		v.Reasons = append(v.Reasons, reason)
	}
	if v.Verdict != record.Red {
		v.Verdict = verdict
	}
}
