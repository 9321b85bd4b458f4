package cli

import (
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/record"
)

// validityLines say how far a run can be trusted, and why no further; nothing where it has no verdict.
func validityLines(v *record.Validity) []string {
	if v == nil {
		return nil
	}
	line := fmt.Sprintf("Validity: %s; %d of %s disturbed by the host, %s repeated; it added at most %s "+
		"to a chain", v.Verdict, v.Disturbed, printable.Count(v.Chains, "chain"), printable.Count(v.Repeated, "attempt"),
		inMS(v.HostMax))
	if most := v.MostAdded(); most > 0 {
		line += fmt.Sprintf(" and %.2g %% to a model's mean", 100*most)
	}
	if f := v.Fabric; f != nil {
		line += fmt.Sprintf("; packets late by %s at p99 and %s at most, %d lost by the host", inMS(f.LateP99),
			inMS(f.LateMax), f.Lost)
	}
	lines := []string{line}
	if c := v.Canary; c != nil {
		lines = append(lines, fmt.Sprintf("  canary: %s late by %s at the median, %s at p99 and %s at most, %d lost",
			printable.Count(c.Probes, "probe"), inMS(c.LateP50), inMS(c.LateP99), inMS(c.LateMax), c.Lost))
	}
	if h := v.Host; h != nil && len(v.Machines) == 0 {
		lines = append(lines, "  host: "+hostLine(h))
	}
	for i := range v.Machines {
		lines = append(lines, machineLine(&v.Machines[i]))
	}
	for i := range v.Cut {
		lines = append(lines, "  "+crossingLine(&v.Cut[i]))
	}
	for _, reason := range v.Reasons {
		lines = append(lines, "  "+reason)
	}
	return lines
}

// changedLines say in what the network was not as the scenario says when the run began.
func changedLines(c *record.Changed) []string {
	if c == nil {
		return nil
	}
	line := "Network: not as the scenario says when the run began"
	if len(c.By) > 0 {
		line += ", but as changed by " + strings.Join(c.By, ", ")
	}
	if len(c.What) > 0 {
		line += "; predictions are of what links did then"
	}
	const most = 6
	lines, all := []string{line}, slices.Concat(c.Silent, c.What)
	for _, what := range all[:min(most, len(all))] {
		lines = append(lines, "  "+what)
	}
	if len(all) > most {
		lines = append(lines, "  and more: see "+record.ManifestFile+", changed_before")
	}
	return lines
}

// machineLine is hostLine of one of several machines, with how late its fabric and its canary's probes were.
func machineLine(m *record.MachineHostLoad) string {
	line := "  machine " + m.Machine + ": " + hostLine(&m.HostLoad)
	if f := m.Fabric; f != nil {
		line += fmt.Sprintf("; packets late by %s at p99 and %s at most", inMS(f.LateP99), inMS(f.LateMax))
	}
	if c := m.Canary; c != nil {
		line += fmt.Sprintf("; canary late by %s at p99 and %s at most, %d of %s lost", inMS(c.LateP99),
			inMS(c.LateMax), c.Lost, printable.Count(c.Probes, "probe"))
	}
	return line
}

// hostLine says what the host had to do during a run, and what it lacked.
func hostLine(h *record.HostLoad) string {
	line := fmt.Sprintf("%s, idle for %.3g %% of the time, %.3g %% stolen, %.3g %% for packets",
		printable.Count(h.Processors, "processor"), 100*h.Idle, 100*h.Steal, 100*h.Softirq)
	for _, p := range []struct {
		waited *float64
		what   string
	}{{h.CPU, "a processor"}, {h.IO, "a disk"}, {h.Memory, "memory"}} {
		if p.waited != nil && *p.waited >= 0.01 {
			line += fmt.Sprintf("; %s was waited for in %.3g %%", p.what, 100**p.waited)
		}
	}
	if h.MaxMHz > 0 {
		line += fmt.Sprintf("; clocks of %.4g to %.4g MHz", h.MinMHz, h.MaxMHz)
	}
	if h.Throttled > 0 {
		line += fmt.Sprintf("; slowed down for heat %s", printable.Count(h.Throttled, "time"))
	}
	return line
}

// crossingLine says what went from one machine to another, and how late.
func crossingLine(c *record.Crossing) string {
	line := fmt.Sprintf("%s to %s: %s, %d lost; ", c.From, c.To, printable.Count(c.Sent, "packet"), c.Lost)
	if c.Late > 0 {
		line += fmt.Sprintf("%d came after they were due, by %s at most", c.Late, inMS(c.LateMax))
	} else {
		line += "none came after it was due"
	}
	return line + fmt.Sprintf("; clocks known to %s", inMS(c.ClockError))
}

// inMS is a time given in s.
func inMS(s float64) string { return fmt.Sprintf("%.3g ms", 1e3*s) }
