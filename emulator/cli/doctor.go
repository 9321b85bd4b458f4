package cli

import (
	"errors"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"
)

func doctorCommand(s *State) *cli.Command {
	return &cli.Command{Name: "doctor", Usage: "show what this host offers, what follows, and what would mend it",
		Flags: []cli.Flag{formatFlag(), quietFlag(),
			&cli.BoolFlag{
				Name: "measure",
				Usage: "measure for some seconds, on testbeds of its own, how many packets and how punctually this host carries, " +
					"and how fast nodes start; keep it for what up, run and replay warn of",
			},
		},
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err := errors.Join(err, none(c)); err != nil {
				return err
			}
			if c.Bool("measure") {
				if err := measure(c, s); err != nil {
					return err
				}
			}
			d := s.host().Diagnose(c.Context)
			if form == "json" {
				if err := printJSON(s, d); err != nil {
					return err
				}
			} else {
				t := newTable(s, "capability", "", "found", "what follows", "what mends it")
				t.SetColumnConfigs([]table.ColumnConfig{wrapped(3, 56), wrapped(4, 36), wrapped(5, 44)})
				for _, k := range d.Capabilities {
					mark := "ok"
					if !k.OK {
						mark = "no"
					}
					t.AppendRow(table.Row{k.Name, mark, k.Found, k.Follows, k.Remedy})
				}
				t.Render()
				_ = printf(s.Stdout, "auto takes: runtime %s, fabric %s\n", orNone(d.Runtime), orNone(d.Fabric))
			}
			if !d.Ready {
				return &coded{error: errors.New("no testbed can be brought up on this host"), code: ExitUnsupported}
			}
			return nil
		}}
}

// measure measures what the host can do.
func measure(c *cli.Context, s *State) error {
	if err := needRoot(s); err != nil {
		return err
	}
	show := newProgress(c, s)
	_, err := s.host().Measure(c.Context, show.at)
	show.clear()
	return err
}

// wrapped keeps a column to a width at which all of them fit a wide terminal.
func wrapped(column, width int) table.ColumnConfig {
	return table.ColumnConfig{Number: column, WidthMax: width, WidthMaxEnforcer: text.WrapSoft}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
