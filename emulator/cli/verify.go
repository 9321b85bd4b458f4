package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"

	"testbed/emulator/internal/printable"
	"testbed/emulator/units"
	"testbed/emulator/verify"
)

func verifyCommand(s *State) *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "measure delay and rate on a sample of links of every class, and hold them against their targets",
		Flags: append([]cli.Flag{nameFlag(), formatFlag(), quietFlag()}, verifyFlags()...),
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err := errors.Join(err, none(c)); err != nil {
				return err
			}
			if c.Int("per-class") < 1 || c.Int("pings") < 1 {
				return usagef("--per-class and --pings must be at least 1")
			}
			if ip := c.Int("ip"); c.IsSet("ip") && ip != 4 && ip != 6 {
				return usagef("--ip %d: want 4 or 6", ip)
			}
			if only := c.String("only"); only != "" && only != "rtt" && only != "rate" {
				return usagef("--only %s: want rtt or rate", only)
			}
			if err := tolerable(c); err != nil {
				return err
			}
			// The network in force says what is to be measured; no file that the scenario was made from needs to be there.
			bed, err := opened(c, s)
			if err != nil {
				return err
			}
			show := newProgress(c, s)
			findings, err := bed.Verify(c.Context, s.origin(), verify.Options{
				PerClass: c.Int("per-class"), Pings: c.Int("pings"), Duration: c.Duration("duration"),
				Only: c.String("only"), IP: c.Int("ip"),
				Tolerance: verify.Tolerance{RTTMedian: c.Duration("rtt-error"), RTTTail: c.Duration("rtt-tail"),
					Rate: c.Float64("rate-error") / 100, RateFast: c.Float64("rate-error-fast") / 100},
				Progress: func(done, total int, what string) {
					show.at(fmt.Sprintf("measuring the links: %d/%d %s", done+1, total, what))
				},
			})
			show.clear()
			if err != nil && len(findings) == 0 {
				return err
			}
			network, unknown := bed.Network()
			if unknown != nil {
				return errors.Join(err, unknown)
			}
			extent := verify.Extent(network.Topology, findings, c.Int("per-class"))
			if form == "json" {
				err = errors.Join(err, printJSON(s, findings))
				if !c.Bool("quiet") {
					_ = printf(s.Stderr, "note: %s\n", extent)
				}
			} else {
				err = errors.Join(err, printf(s.Stdout, "Links: %s\n", extent))
				printFindings(s, findings, bed.MachineName)
			}
			if c.Context.Err() != nil {
				return err
			}
			return errors.Join(err, verdict(findings))
		}}
}

// verifyFlags say how much is measured, and what it may be off by.
func verifyFlags() []cli.Flag {
	d := verify.DefaultTolerance
	return []cli.Flag{
		&cli.IntFlag{Name: "per-class", Value: 1, Usage: "`LINKS` of each class to measure; the output says how many " +
			"there are, and which number takes all"},
		&cli.StringFlag{Name: "only", Usage: "measure one `PROBE` alone: rtt or rate"},
		&cli.IntFlag{Name: "ip", DefaultText: "4 and 6", Usage: "measure over this `VERSION` of IP alone; otherwise " +
			"round trips go over both, rates over the one that functions are called by"},
		&cli.IntFlag{Name: "pings", Value: 200, Usage: "`ECHOES` per link"},
		&cli.DurationFlag{Name: "duration", Value: 2 * time.Second,
			Usage: "`DURATION` of each rate measurement, after its warm-up"},
		&cli.DurationFlag{Name: "rtt-error", Value: d.RTTMedian,
			Usage: "`DURATION` that the median round trip may be off by"},
		&cli.DurationFlag{Name: "rtt-tail", Value: d.RTTTail, Usage: "`DURATION` that the 99th percentile may be off by"},
		&cli.Float64Flag{Name: "rate-error", Value: 100 * d.Rate, Usage: "`PERCENT` a rate may be off by, up to 500 Mbps"},
		&cli.Float64Flag{Name: "rate-error-fast", Value: 100 * d.RateFast,
			Usage: "`PERCENT` a rate may be off by, above 500 Mbps"},
	}
}

// tolerable fails where a measurement would take no time, or could not be within its tolerance.
func tolerable(c *cli.Context) error {
	if c.Duration("duration") <= 0 {
		return usagef("--duration %v is not a time to measure for; write one such as 2s", c.Duration("duration"))
	}
	for _, name := range []string{"rtt-error", "rtt-tail"} {
		if c.Duration(name) <= 0 {
			return usagef("--%s %v is not a tolerance; write a time above 0, such as 100us", name, c.Duration(name))
		}
	}
	for _, name := range []string{"rate-error", "rate-error-fast"} {
		if percent := c.Float64(name); !(percent > 0 && percent <= 100) {
			return usagef("--%s %v is not a tolerance; write percent above 0, up to 100", name, percent)
		}
	}
	return nil
}

// verdict fails where a link is not as it should be, or where that could not be seen.
func verdict(findings []verify.Finding) error {
	bad, measured, missing := 0, 0, 0
	for _, f := range findings {
		switch {
		case f.Unmeasured:
			missing++
		case !f.Skipped:
			measured++
		}
		if f.Off() {
			bad++
		}
	}
	var checks []error
	if bad > 0 {
		checks = append(checks, failedCheck("%d of %s are off their targets", bad, printable.Count(measured, "measurement")))
	}
	if missing > 0 {
		checks = append(checks, failedCheck("%d of what should be measurable is not, and the scenario is not why: "+
			"see \"not measured\" above", missing))
	} else if measured == 0 {
		checks = append(checks, failedCheck("nothing was measured: nobody knows whether the links are as they should be"))
	}
	return errors.Join(checks...)
}

// printFindings prints a table; where stations are on several machines, with the machines' names behind theirs.
func printFindings(s *State, findings []verify.Finding, machine func(id string) string) {
	t := newTable(s, "class", "link", "from", "to", "probe", "target", "measured", "p99", "error", "verdict")
	on := func(station, id string) string {
		if id == "" {
			return station
		}
		return station + " @ " + machine(id)
	}
	for _, f := range findings {
		probe := f.Probe
		if f.IP == 6 {
			probe += ", IPv6"
		}
		row := table.Row{f.Class, f.Link, on(f.From, f.FromMachine), on(f.To, f.ToMachine), probe}
		switch {
		case f.Skipped, f.Unmeasured:
			row = append(row, "", "", "", "")
		case f.Probe == "rtt":
			row = append(row, milliseconds(f.Target), milliseconds(f.Measured), milliseconds(f.Tail),
				fmt.Sprintf("%+.3f ms", 1e3*f.Error))
		default:
			row = append(row, targetRate(f), megabits(f.Measured), "", fmt.Sprintf("%+.2f %%", 100*f.Error))
		}
		t.AppendRow(append(row, f.Verdict))
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "target", Align: text.AlignRight},
		{Name: "measured", Align: text.AlignRight},
		{Name: "p99", Align: text.AlignRight}, {Name: "error", Align: text.AlignRight}})
	t.Render()
}

// targetRate shows a bound as one.
func targetRate(f verify.Finding) string {
	if f.Bound {
		return "<= " + megabits(f.Target)
	}
	return megabits(f.Target)
}

func milliseconds(seconds float64) string { return fmt.Sprintf("%.3f ms", 1e3*seconds) }

func megabits(bps float64) string { return fmt.Sprintf("%.2f Mbps", bps/float64(units.Mbps)) }
