package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"testbed/emulator/orchestrator"
)

func downCommand(s *State) *cli.Command {
	return &cli.Command{Name: "down", Aliases: []string{"destroy"}, Usage: "remove a testbed and all that is left of it",
		Flags: []cli.Flag{nameFlag(),
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Usage: "remove every testbed on this host"},
			&cli.BoolFlag{Name: "forget", Usage: "remove the record even if an engine that had nodes is gone, with whatever it has"},
			&cli.BoolFlag{Name: "images", Usage: "remove the node images that no container uses as well (Docker)"}},
		Action: func(c *cli.Context) error {
			if err := errors.Join(none(c), needRoot(s)); err != nil {
				return err
			}
			host := newHost(s)
			show := newProgress(s)
			defer show.clear()
			if c.Bool("all") {
				return errors.Join(downAll(c, host, show), prune(c, s, host), leftAlone(c, s, host, ""))
			}
			name := c.String("name")
			if name == "" {
				names, err := host.All(c.Context)
				if err != nil {
					return err
				}
				if len(names) == 0 {
					return errors.Join(prune(c, s, host), leftAlone(c, s, host, ""))
				}
				if known, _ := host.Store.Names(); len(known) == 1 {
					names = known // what others left without a record is for --all
				}
				if len(names) > 1 {
					return usagef("several testbeds are there: choose one of %v with --name, or take --all", names)
				}
				name = names[0]
			}
			if err := orchestrator.CheckName(name); err != nil {
				return usage(err)
			}
			return errors.Join(downward(c, host)(c.Context, name, show.set), prune(c, s, host), leftAlone(c, s, host, name))
		}}
}

// downward is Down, or Forget where that was asked for.
func downward(c *cli.Context, host *orchestrator.Host) func(context.Context, string, func(string)) error {
	if c.Bool("forget") {
		return host.Forget
	}
	return host.Down
}

func downAll(c *cli.Context, host *orchestrator.Host, show *progress) error {
	names, err := host.All(c.Context)
	if err != nil {
		return err
	}
	var failed []error
	for _, name := range names {
		failed = append(failed, downward(c, host)(c.Context, name, show.set))
	}
	return errors.Join(failed...)
}

// status is one line of `testbed ls`.
type status struct {
	Name     string        `json:"name"`
	Phase    string        `json:"phase"`
	Scenario string        `json:"scenario"`
	Nodes    int           `json:"nodes"`
	Alive    int           `json:"alive"`
	Runtime  string        `json:"runtime"`
	Fabric   string        `json:"fabric"`
	Created  time.Time     `json:"created"`
	Took     time.Duration `json:"up_took_ns"`
}

func listCommand(s *State) *cli.Command {
	return &cli.Command{Name: "ls", Aliases: []string{"status", "list"}, Usage: "list the testbeds on this host",
		Flags: []cli.Flag{formatFlag()},
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err := errors.Join(err, none(c), needRoot(s)); err != nil {
				return err
			}
			list, err := statuses(c, newHost(s))
			if err != nil {
				return err
			}
			if form == "json" {
				return printJSON(s, list)
			}
			t := newTable(s, "name", "phase", "scenario", "nodes", "runtime", "fabric", "since")
			for _, l := range list {
				t.AppendRow(table.Row{l.Name, l.Phase, l.Scenario, fmt.Sprintf("%d/%d", l.Alive, l.Nodes), l.Runtime, l.Fabric,
					l.Created.Local().Format("2006-01-02 15:04:05")})
			}
			t.Render()
			return nil
		}}
}

func statuses(c *cli.Context, host *orchestrator.Host) ([]status, error) {
	names, err := host.All(c.Context)
	if err != nil {
		return nil, err
	}
	list := []status{}
	for _, name := range names {
		journal, err := host.Store.Read(name)
		if err != nil {
			// Nodes without a journal, or half a directory: `testbed down` removes either.
			list = append(list, status{Name: name, Phase: "lost"})
			continue
		}
		entry := status{Name: name, Phase: string(journal.Phase), Scenario: journal.Scenario, Nodes: len(journal.Nodes),
			Runtime: journal.Runtime, Fabric: journal.Fabric, Created: journal.Created, Took: journal.Took}
		if bed, err := host.Open(c.Context, name); err == nil {
			entry.Alive = len(journal.Nodes) - len(bed.Dead())
		}
		list = append(list, entry)
	}
	return list, nil
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
