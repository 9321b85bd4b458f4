package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"testbed/emulator/units"
)

// printSpread prints how a scenario would be spread: machines, nodes, what crosses.
func printSpread(s *State, p *spread) error {
	for _, unfit := range p.Unfit {
		_ = printf(s.Stderr, "note: not used: %s\n", unfit)
	}
	if len(p.Nodes) == 0 {
		return nil // there is no cut, which the error says
	}
	printSpreadMachines(s, p)
	for _, m := range p.Machines {
		var names []string
		for _, n := range p.Nodes {
			if n.Machine == m.Name {
				names = append(names, n.Node)
			}
		}
		if err := printf(s.Stdout, "%s: %s\n", m.Name, ranges(names)); err != nil {
			return err
		}
	}
	if len(p.Machines) > 1 {
		printSpreadCrossings(s, p)
		err := printf(s.Stdout, "Crossing: %.1f %% of %s over links; least delay %v, floor %v\n", 100*p.CrossingShare,
			map[string]string{"workload": "the workload's bytes", "rates": "the rates"}[p.TrafficOf], p.leastDelay(), p.FloorNS)
		if err != nil {
			return err
		}
	}
	for _, note := range p.Notes {
		if err := printf(s.Stdout, "Note: %s\n", note); err != nil {
			return err
		}
	}
	return nil
}

// leastDelay is that of all crossings.
func (p *spread) leastDelay() time.Duration {
	least := time.Duration(0)
	for i := range p.Crossings {
		if d := p.Crossings[i].Delay; i == 0 || d < least {
			least = d
		}
	}
	return least
}

// traffic prints an amount of traffic.
func (p *spread) traffic(amount float64) string {
	unit := "B"
	if p.TrafficOf == "rates" {
		unit = "bps"
	}
	for _, prefix := range []string{"", "k", "M", "G"} {
		if amount < 1000 {
			return fmt.Sprintf("%.3g %s%s", amount, prefix, unit)
		}
		amount /= 1000
	}
	return fmt.Sprintf("%.0f T%s", amount, unit)
}

func printSpreadMachines(s *State, p *spread) {
	t := newTable(s, "machine", "weight", "nodes", "of share", "forward", "cpus", "memory", "traffic", "sends", "receives")
	var columns []table.ColumnConfig
	for i := 2; i <= 10; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for _, m := range p.Machines {
		t.AppendRow(table.Row{m.Name, fmt.Sprintf("%g", m.Weight), m.Nodes, fmt.Sprintf("%.2f", m.Share), m.Forwards,
			fmt.Sprintf("%g", m.CPU), gibibytes(m.NodesMemory), p.traffic(m.Traffic), p.traffic(m.Out), p.traffic(m.In)})
	}
	t.Render()
}

// printSpreadCrossings prints what crosses, links of one class between the same machines in one row.
func printSpreadCrossings(s *State, p *spread) {
	type key struct {
		from, to    int
		class, link string
	}
	type row struct {
		key
		links []string
		first *spreadCrossing
		least time.Duration
		sum   float64
	}
	var rows []*row
	at := map[key]*row{}
	for i := range p.Crossings {
		c := &p.Crossings[i]
		k := key{c.FromMachine, c.ToMachine, c.Class, ""}
		name := c.Link
		if name == "" {
			name = c.Crossing.From + "-" + c.Crossing.To
		}
		r := at[k]
		if r == nil {
			r = &row{key: k, first: c, least: c.Delay}
			at[k], rows = r, append(rows, r)
		}
		r.links, r.least, r.sum = append(r.links, name), min(r.least, c.Delay), r.sum+c.Traffic
	}
	slices.SortStableFunc(rows, func(a, b *row) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	t := newTable(s, "from", "to", "class", "links", "least delay", "floor", "traffic")
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 5, Align: text.AlignRight}, {Number: 6, Align: text.AlignRight},
		{Number: 7, Align: text.AlignRight}})
	for _, r := range rows {
		amount := p.traffic(r.sum)
		if p.TrafficOf == "rates" && r.first.Link == "" {
			amount = "not limited"
		}
		t.AppendRow(table.Row{r.first.From, r.first.To, cmp.Or(r.class, "no link"), shortened(r.links), r.least,
			r.first.Floor, amount})
	}
	t.Render()
}

// shortened lists names up to three, or says how many there are.
func shortened(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%d", len(names))
	}
	return strings.Join(names, ", ")
}

// gibibytes prints a size with one decimal.
func gibibytes(b units.ByteSize) string {
	return fmt.Sprintf("%.1f GiB", float64(b)/float64(units.GiB))
}

// ranges lists names, those that differ in the number at their end alone as a range: rpi3_0-3,7.
func ranges(names []string) string {
	type group struct {
		prefix  string
		numbers []int
		plain   bool
	}
	var groups []*group
	byPrefix := map[string]*group{}
	for _, name := range names {
		prefix := strings.TrimRight(name, "0123456789")
		digits := name[len(prefix):]
		n, err := strconv.Atoi(digits)
		if err != nil || prefix == "" || strconv.Itoa(n) != digits {
			groups = append(groups, &group{prefix: name, plain: true})
			continue
		}
		g := byPrefix[prefix]
		if g == nil {
			g = &group{prefix: prefix}
			byPrefix[prefix], groups = g, append(groups, g)
		}
		g.numbers = append(g.numbers, n)
	}
	texts := make([]string, len(groups))
	for i, g := range groups {
		texts[i] = g.prefix
		if !g.plain {
			texts[i] += numberRanges(g.numbers)
		}
	}
	return strings.Join(texts, " ")
}

// numberRanges is 0-3,7 of 0, 1, 2, 3 and 7.
func numberRanges(numbers []int) string {
	slices.Sort(numbers)
	var texts []string
	for i := 0; i < len(numbers); {
		n := i
		for n+1 < len(numbers) && numbers[n+1] == numbers[n]+1 {
			n++
		}
		text := strconv.Itoa(numbers[i])
		if n > i {
			text += "-" + strconv.Itoa(numbers[n])
		}
		texts, i = append(texts, text), n+1
	}
	return strings.Join(texts, ",")
}
