package cli

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/faas"
	"testbed/emulator/internal/printable"
	"testbed/emulator/units"
)

const migrateDescription = "While a run replays the model in-function, in which workers keep states. " +
	"With the function go the\nclient's functions that use the same states. " +
	"None of its invocations is lost or executed twice. The run records the move."

func migrateCommand(s *State) *cli.Command {
	return &cli.Command{
		Name: "migrate", Usage: "move a client's function to another worker, with the states that it keeps",
		ArgsUsage: "FUNCTION", Description: migrateDescription,
		Flags: []cli.Flag{
			nameFlag(), formatFlag(),
			&cli.StringFlag{Name: "client", Usage: "the `NODE` whose invocations they are"},
			&cli.StringFlag{Name: "to", Usage: "the `NODE` that the function goes to"},
			&cli.StringFlag{Name: "method", Value: faas.StopAndCopy, Usage: "`METHOD`: " + faas.StopAndCopy + ", which holds " +
				"invocations until all is there, or " + faas.PreCopy + ", which copies in rounds while they go on"},
			&cli.IntFlag{Name: "rounds", Value: faas.DefaultRounds,
				Usage: "pre-copy: `N` rounds at most while invocations go on"},
		},
		Action: func(c *cli.Context) error { return migrate(c, s) },
	}
}

func migrate(c *cli.Context, s *State) error {
	form, err := format(c)
	if err != nil {
		return err
	}
	if c.NArg() != 1 {
		return usagef("migrate takes the name of a function: testbed migrate FUNCTION --client NODE --to NODE")
	}
	for _, name := range []string{"client", "to"} {
		if c.String(name) == "" {
			return usagef("migrate needs --%s: testbed migrate FUNCTION --client NODE --to NODE", name)
		}
	}
	method := c.String("method")
	if method != faas.StopAndCopy && method != faas.PreCopy {
		return usagef("unknown method %q: write %s or %s", method, faas.StopAndCopy, faas.PreCopy)
	}
	bed, err := opened(c, s)
	if err != nil {
		return err
	}
	all, err := bed.Migrate(c.Context, s.origin(), emulator.Migration{
		Function: c.Args().First(), Client: c.String("client"), To: c.String("to"), Method: method, Rounds: c.Int("rounds"),
	})
	if err != nil {
		return err
	}
	var undone error
	moved := []movedFunction{}
	for i := range all {
		m := &all[i].Moved
		moved = append(moved, movedFunction{
			From: all[i].From, To: c.String("to"), Method: method, Rounds: len(m.Rounds), Bytes: m.Bytes(),
			Unavailable: m.Unavailable().Seconds(), Start: float64(m.Start) / 1e9, Delayed: len(m.Delays), Undone: m.Undone,
		})
		if m.Undone != "" {
			undone = errors.Join(undone, fmt.Errorf("the move from %s is undone: %s", all[i].From, m.Undone))
		}
	}
	if form == "json" {
		return errors.Join(printJSON(s, moved), undone)
	}
	for i := range moved {
		if moved[i].Undone == "" {
			say(s, moved[i].line())
		}
	}
	return undone
}

// line is the move in words.
func (m *movedFunction) line() string {
	line := fmt.Sprintf("%s to %s: %v in %s, not served for %.2f ms; %s delayed", m.From, m.To, units.ByteSize(m.Bytes),
		printable.Count(m.Rounds, "round"), 1e3*m.Unavailable, printable.Count(m.Delayed, "invocation"))
	if m.Start > 0 {
		line += fmt.Sprintf("; its program started within %.2f ms", 1e3*m.Start)
	}
	return line
}

// movedFunction is what became of a function's move from one node.
type movedFunction struct {
	From        string  `json:"from"`
	To          string  `json:"to"`
	Method      string  `json:"method"`
	Rounds      int     `json:"rounds"`
	Bytes       int64   `json:"bytes"`
	Unavailable float64 `json:"unavailability_s"`
	Start       float64 `json:"start_s,omitempty"` // of its program at the target, from the offer on; 0: it was warm
	Delayed     int     `json:"delayed"`
	Undone      string  `json:"undone,omitempty"`
}
