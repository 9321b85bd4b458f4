package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/machines"
	"testbed/emulator/orchestrator"
)

func downCommand(s *State) *cli.Command {
	return &cli.Command{Name: "down", Aliases: []string{"destroy"}, Usage: "remove a testbed and all that is left of it",
		Flags: []cli.Flag{nameFlag(), quietFlag(),
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Usage: "remove every testbed on this host"},
			&cli.BoolFlag{
				Name:  "forget",
				Usage: "remove the record even if an engine that had nodes is gone, with whatever it has",
			},
			&cli.StringFlag{Name: "machines",
				Usage: "of a testbed whose record was lost: look for it on `MACHINES`, as up takes them"},
			&cli.BoolFlag{Name: "unproved",
				Usage: "with --machines: also containers that bear the testbed's labels, and that nothing proves to be its"},
			&cli.BoolFlag{Name: "images", Usage: "remove the node images that no container uses as well (Docker)"}},
		Action: func(c *cli.Context) error {
			if err := errors.Join(none(c), needRoot(s)); err != nil {
				return err
			}
			host := s.host()
			show := newProgress(c, s)
			defer show.clear()
			if c.Bool("unproved") && !c.IsSet("machines") {
				return usagef("--unproved is for what is on several machines: name them by --machines")
			}
			if c.IsSet("machines") {
				return downOn(c, s, host, show)
			}
			if c.Bool("all") {
				return errors.Join(downAll(c, host, show), prune(c, s, host), leftAlone(c, s, host, ""))
			}
			name := c.String("name")
			if name == "" {
				var err error
				if name, err = host.Name(c.Context); err != nil {
					return err
				}
				if name == "" {
					return errors.Join(prune(c, s, host), leftAlone(c, s, host, ""))
				}
			}
			err := host.Remove(c.Context, name, c.Bool("forget"), show.at)
			return errors.Join(err, prune(c, s, host), leftAlone(c, s, host, name))
		}}
}

// prune removes the node images that nothing uses, where that was asked for.
func prune(c *cli.Context, s *State, host *emulator.Host) error {
	if !c.Bool("images") || host.Prune == nil {
		return nil
	}
	removed, left, err := host.Prune(c.Context)
	for _, image := range removed {
		_ = printf(s.Stdout, "removed %s\n", image)
	}
	if len(left) > 0 {
		_ = printf(s.Stderr, "left alone, as nothing proves that testbed made it: image %s\n", strings.Join(left, ", "))
	}
	return err
}

// leftAlone names, once others are removed, the containers that look like a testbed's, of any where the name is
// empty, and that nothing proves to be one's.
func leftAlone(c *cli.Context, s *State, host *emulator.Host, testbed string) error {
	if testbed != "" && orchestrator.CheckName(testbed) != nil {
		return nil
	}
	found := host.Foreign(c.Context, testbed)
	if len(found) == 0 {
		return nil
	}
	return printf(s.Stderr, "left alone, as nothing proves that testbed made it: container %s\n",
		strings.Join(found, ", "))
}

func downAll(c *cli.Context, host *emulator.Host, show *progress) error {
	names, err := host.All(c.Context)
	if err != nil {
		return err
	}
	var failed []error
	for _, name := range names {
		failed = append(failed, host.Remove(c.Context, name, c.Bool("forget"), show.at))
	}
	return errors.Join(failed...)
}

// downOn takes testbeds down of which machines may have something, and this host no record.
func downOn(c *cli.Context, s *State, host *emulator.Host, show *progress) error {
	spec, err := machines.Parse(c.String("machines"))
	if err != nil {
		return usagef("--machines: %w", err)
	}
	if c.Bool("forget") || c.Bool("images") {
		return usagef("--machines looks for what no record knows of: there is nothing to forget, and images stay")
	}
	if c.Bool("all") && c.Bool("unproved") {
		return usagef("--unproved needs the --name of the one testbed whose labels are believed")
	}
	if c.Bool("all") == c.IsSet("name") {
		return usagef("--machines needs the --name of the testbed, or --all")
	}
	names := []string{c.String("name")}
	if c.Bool("all") {
		names, err = host.AllOn(c.Context, spec)
	}
	failed := []error{err}
	for _, name := range names {
		alone, err := host.RemoveFrom(c.Context, name, spec, c.Bool("unproved"), show.at)
		if failed = append(failed, err); len(alone) > 0 {
			_ = printf(s.Stderr, "left alone, as nothing proves that this host made it (--unproved takes it): container %s\n",
				strings.Join(alone, ", "))
		}
	}
	return errors.Join(failed...)
}

func listCommand(s *State) *cli.Command {
	return &cli.Command{Name: "ls", Aliases: []string{"status", "list"}, Usage: "list the testbeds on this host",
		Flags: []cli.Flag{formatFlag()},
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err := errors.Join(err, none(c), needRoot(s)); err != nil {
				return err
			}
			list, err := s.host().Statuses(c.Context)
			if err != nil {
				return err
			}
			if form == "json" {
				return printJSON(s, list)
			}
			return printStatuses(s, list)
		}}
}

// printStatuses prints a line a testbed, and what is not well with each.
func printStatuses(s *State, list []orchestrator.Status) error {
	t := newTable(s, "name", "phase", "scenario", "nodes", "machines", "runtime", "fabric", "since", "run")
	var problems []string
	for _, l := range list {
		run, alive := "", fmt.Sprintf("%d/%d", l.Alive, l.Nodes)
		if l.Run != nil {
			run = l.Run.Run
		}
		if l.Paused > 0 {
			alive += fmt.Sprintf(" (%d paused)", l.Paused)
		}
		since := ""
		if !l.Created.IsZero() {
			since = l.Created.Local().Format("2006-01-02 15:04:05")
		}
		t.AppendRow(table.Row{l.Name, l.Phase, l.Scenario, alive, reached(l.Machines), l.Runtime, l.Fabric, since, run})
		for _, p := range l.Problems {
			problems = append(problems, l.Name+": "+p)
		}
	}
	t.SuppressEmptyColumns()
	t.Render()
	for _, p := range problems {
		if err := printf(s.Stdout, "%s\n", p); err != nil {
			return err
		}
	}
	return nil
}

// reached says how many of several machines answer; empty: there is one.
func reached(list []orchestrator.MachineStatus) string {
	if len(list) == 0 {
		return ""
	}
	n := 0
	for _, m := range list {
		if m.Lost == "" {
			n++
		}
	}
	return fmt.Sprintf("%d/%d", n, len(list))
}

// printJSON prints v, indented, on standard output.
func printJSON(s *State, v any) error {
	e := json.NewEncoder(s.exactOut())
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// newTable is a table on standard output.
func newTable(s *State, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(s.Stdout)
	t.SetStyle(table.StyleLight)
	t.Style().Options.SeparateRows = false
	t.AppendHeader(table.Row(header))
	return safeTable{t}
}
