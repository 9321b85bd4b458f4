package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/shell"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/orchestrator"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func inspectCommand(s *State) *cli.Command {
	return &cli.Command{
		Name:  "inspect",
		Usage: "show a testbed's nodes, and its links as they are in force, with counters",
		Flags: []cli.Flag{nameFlag(), formatFlag(),
			&cli.BoolFlag{Name: "links", Usage: "only the links"}, &cli.BoolFlag{Name: "nodes", Usage: "only the nodes"}},
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err := errors.Join(err, none(c)); err != nil {
				return err
			}
			bed, err := opened(c, s)
			if err != nil {
				return err
			}
			found, err := bed.Inspect(c.Context)
			if err != nil {
				return err
			}
			if form == "json" {
				return printJSON(s, found)
			}
			if c.Bool("nodes") || !c.Bool("links") { // both: as neither
				printNodes(s, found.Nodes, found.Journal)
			}
			if lost := bed.Lost(); len(lost) > 0 {
				return fmt.Errorf("%s\n`testbed down --name %s` removes the testbed: %w", strings.Join(lost, "\n"),
					shell.Quote(bed.Journal.Testbed), carrier.ErrUnreachable)
			}
			if found.FabricError != "" {
				return fmt.Errorf("asking the fabric of %s: %s", bed.Journal.Testbed, found.FabricError)
			}
			if c.Bool("links") || !c.Bool("nodes") {
				printQueues(s, found.Links)
			}
			network, err := bed.Network()
			if err != nil {
				return err
			}
			return errors.Join(printDown(s, &network), printDifferences(s, found))
		}}
}

// printDown says which hosts, switches and exchanges carry nothing; links that do not say so themselves.
func printDown(s *State, n *fabric.Network) error {
	for _, id := range n.Down {
		v := &n.Topology.Vertices[id]
		if v.Kind == topology.Link {
			continue
		}
		if err := printf(s.Stdout, "%s %s is down: it carries no packets until `testbed link up %s`\n", v.Kind, v.Name,
			shell.Quote(v.Name)); err != nil {
			return err
		}
	}
	return nil
}

// printDifferences says what is not as it should be, and what stations sent that was not carried.
func printDifferences(s *State, found *emulator.Inspection) error {
	var lines []string
	for _, d := range found.Differences {
		lines = append(lines, fmt.Sprintf("link %s, from %s: %s is %s, and should be %s", d.Link, d.From, d.Property,
			d.Have, d.Want))
	}
	for _, station := range found.Stations {
		if !station.Attached || station.Note != "" {
			lines = append(lines, fmt.Sprintf("node %s: its interface is not as it should be: %s", station.Name, station.Note))
		}
		if n := station.Unreachable + station.Ignored + station.Errors; n > 0 {
			lines = append(lines, fmt.Sprintf("node %s: not carried: %s to addresses that nobody has, "+
				"%d of kinds that are not emulated, %d lost by the host",
				station.Name, printable.Count(station.Unreachable, "packet"), station.Ignored, station.Errors))
		}
	}
	if len(found.Differences) > 0 || len(found.Dead) > 0 {
		lines = append(lines, "`testbed apply SCENARIO` mends what is not as it should be")
	}
	for _, line := range lines {
		if err := printf(s.Stdout, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// printNodes prints a line a node. journal is that of their testbed; nil: there is none.
func printNodes(s *State, nodes []orchestrator.NodeStatus, journal *orchestrator.Journal) {
	t := newTable(s, "node", "kind", "class", "address", "IPv6 address", "further addresses", "routes", "machine",
		"pid", "state")
	for _, n := range nodes {
		machine := n.Machine
		if journal != nil {
			machine = journal.Spread.Name(machine)
		}
		t.AppendRow(table.Row{n.Name, n.Kind, n.Class, n.Addr, n.Addr6, furtherAddresses(&n), routes(&n), machine,
			n.PID, n.State})
	}
	t.SuppressEmptyColumns() // one machine is not named
	t.Render()
}

func furtherAddresses(n *orchestrator.NodeStatus) string {
	all := make([]string, len(n.Addresses))
	for i, a := range n.Addresses {
		all[i] = a.String()
	}
	return shorten(strings.Join(all, ", "), 60)
}

// routes are a node's own, and whether it is a router.
func routes(n *orchestrator.NodeStatus) string {
	var all []string
	if n.Forwards {
		all = append(all, "forwards")
	}
	for _, r := range n.Routes {
		all = append(all, fmt.Sprintf("%v via %s", r.To, r.Via))
	}
	return shorten(strings.Join(all, ", "), 60)
}

func printQueues(s *State, queues []fabric.QueueStatus) {
	t := newTable(s, "link", "from", "rate", "delay", "jitter", "loss", "faults", "MTU", "queue limit", "packets", "bytes",
		"dropped", "lost", "follows")
	var notes []string
	for _, q := range queues {
		rate := "unlimited"
		if q.Rate > 0 {
			rate = q.Rate.String()
		}
		if q.Note != "" && !slices.Contains(notes, q.Note) {
			notes = append(notes, q.Note)
		}
		t.AppendRow(table.Row{q.Link, shorten(q.From, 24), rate, q.Delay.Round(time.Microsecond), q.Jitter,
			units.Percent(q.Loss), faults(q), mtu(q),
			fmt.Sprintf("%d B", q.Limit), q.Packets, q.Bytes, q.Dropped, q.Lost, follows(q)})
	}
	t.SuppressEmptyColumns() // faults are rare, and so is another MTU than 1500
	t.Render()
	for _, note := range notes {
		_ = printf(s.Stdout, "note: %s\n", note)
	}
}

// follows is what a queue follows in place of constants; the columns have the means of that.
func follows(q fabric.QueueStatus) string {
	var list []string
	if q.Trace != "" {
		list = append(list, q.Trace)
		if q.Began != 0 {
			list[0] += ", for " + q.Since.Round(time.Millisecond).String()
		}
	}
	if q.Delays != "" {
		list = append(list, "delays of "+q.Delays)
	}
	return strings.Join(list, "; ")
}

// mtu is the one that a link was given; empty: it has Ethernet's.
func mtu(q fabric.QueueStatus) string {
	if q.MTU == 0 || q.MTU == topology.MaximumMTU {
		return ""
	}
	return strconv.Itoa(q.MTU)
}

// faults are what a queue does to packets besides delaying and losing them.
func faults(q fabric.QueueStatus) string {
	var list []string
	if q.Down {
		list = append(list, "down")
	}
	for _, f := range []struct {
		name  string
		share float64
	}{{"reorder", q.Reorder}, {"duplicate", q.Duplicate}, {"corrupt", q.Corrupt}} {
		if f.share > 0 {
			list = append(list, f.name+" "+units.Percent(f.share))
		}
	}
	return strings.Join(list, ", ")
}

// shorten cuts a list of names to width characters.
func shorten(text string, width int) string {
	if len(text) <= width {
		return text
	}
	return strings.TrimRight(text[:width-3], ", ") + "..."
}
