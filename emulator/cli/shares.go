package cli

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"testbed/emulator/placement"
)

// printShares says who executes functions, by class of hosts.
func printShares(s *State, shares []placement.Share) {
	if len(shares) == 0 {
		return
	}
	all := 0.0
	for i := range shares {
		all += float64(shares[i].Operations)
	}
	t := newTable(s, "executed by", "hosts", "may", "did", "tasks", "operations")
	var columns []table.ColumnConfig
	for i := 2; i <= 6; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for _, c := range shares {
		share := 0.0
		if all > 0 {
			share = 100 * float64(c.Operations) / all
		}
		t.AppendRow(table.Row{c.Class, c.Hosts, c.May, c.Executed, c.Tasks, fmt.Sprintf("%.1f %%", share)})
	}
	t.Render()
}
