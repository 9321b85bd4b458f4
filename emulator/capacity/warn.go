package capacity

import (
	"fmt"
	"strings"
	"time"

	"testbed/emulator/health"
	"testbed/emulator/internal/printable"
)

const (
	// comfortable is the share of what a fabric carried at most, when it was measured, from which on its packets are late.
	comfortable = 0.5
	// patient is how long nodes may take to start before that is said.
	patient = 30 * time.Second
)

// Warnings say what of a demand is more than a fabric and this host were measured to do, and what to do about it. There
// are none of a fabric that was not measured.
func (m *Measured) Warnings(d *Demand, fabric string) []string {
	var all []string
	if took := time.Duration(float64(d.Nodes) / m.Starts * float64(time.Second)); took > patient {
		all = append(all, fmt.Sprintf("%d nodes take about %v to start here (%.0f a second when it was measured)", d.Nodes,
			took.Round(time.Second), m.Starts))
	}
	f, known := m.fabric(fabric)
	if !known {
		return all
	}
	if load := f.load(d.Rate); load > comfortable {
		all = append(all, fmt.Sprintf("model %s asks of the network about %s packets/s over %.1f links each (%s), which is "+
			"%.0f %% of what fabric %s carried at most when it was measured here: packets may be late, and chains disturbed. "+
			"What helps: %s", d.Model, thousands(d.Rate.Packets), d.Rate.Crossings/d.Rate.Packets, d.arrival(), 100*load, fabric,
			strings.Join(m.remedies(d, fabric), ", ")))
	}
	if p99 := f.LateP99; p99 != nil && *p99 > health.Floor.Seconds() {
		all = append(all, fmt.Sprintf("fabric %s was late by %.2g ms at p99 at %s packets/s when it was measured here: "+
			"expect disturbed chains. What helps: nothing else on this machine, another machine; then "+
			"`testbed doctor --measure`", fabric, 1e3**p99, thousands(f.LateAt)))
	}
	return all
}

// arrival says how chains begin.
func (d *Demand) arrival() string {
	switch {
	case d.Open:
		return fmt.Sprintf("%.3g chains/s at the busiest", d.Chains)
	case d.Users > 1:
		return fmt.Sprintf("%s at a time", printable.Count(d.Users, "chain"))
	}
	return "one chain at a time, at the rate of the slowest link that it fills"
}

// remedies are what would make the demand less, or carry it.
func (m *Measured) remedies(d *Demand, fabric string) []string {
	var all []string
	switch {
	case d.Open:
		all = append(all, "slower arrivals")
	case d.Users > 1:
		all = append(all, "fewer users")
	default:
		all = append(all, "slower links")
	}
	for i := range m.Fabrics {
		if f := &m.Fabrics[i]; f.Name != fabric && f.load(d.Rate) <= comfortable {
			all = append(all, fmt.Sprintf("fabric %s (%.0f %% of what it carried)", f.Name, 100*f.load(d.Rate)))
		}
	}
	return append(all, "another machine")
}

// Lines say what was measured, for people.
func (m *Measured) Lines() []string {
	var all []string
	for i := range m.Fabrics {
		f := &m.Fabrics[i]
		line := fmt.Sprintf("fabric %s: %s packets/s over %d links, %s over %d", f.Name, thousands(f.Short.Packets),
			f.Short.Links, thousands(f.Long.Packets), f.Long.Links)
		if f.LateP99 != nil {
			line += fmt.Sprintf("; at %s, 99 %% late by %.2g ms at most", thousands(f.LateAt), 1e3**f.LateP99)
		}
		all = append(all, line)
	}
	return append(all, fmt.Sprintf("runtime %s: %.0f nodes started a second", m.Runtime, m.Starts),
		fmt.Sprintf("measured %s on %s, %d x %s", m.Time.UTC().Format("2006-01-02 15:04 UTC"), m.Kernel, m.Processors, m.CPU))
}

// thousands writes a number with commas, as two or three significant digits are known of it.
func thousands(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
