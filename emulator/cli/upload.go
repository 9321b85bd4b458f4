package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator/influx"
	"testbed/emulator/internal/printable"
	"testbed/emulator/record"
)

func uploadCommand(s *State) *cli.Command {
	return &cli.Command{
		Name:      "upload",
		Usage:     "send to InfluxDB what it has not got of runs' samples (no root)",
		ArgsUsage: "RUN [RUN...]",
		Description: `Sends what is missing, any number of times; a point that is sent again replaces itself.
Where to: the flags say, then INFLUX_URL, INFLUX_ORG and INFLUX_BUCKET; what these leave open of organisation and
bucket the run's own scenario says, if it is about the same server. The token is INFLUX_TOKEN, or what
--influx-token-env or --influx-token-file names. A run's directory alone never decides whom to contact or what to
send. For InfluxDB 1.8 leave the organisation empty, write DATABASE or DATABASE/POLICY for the bucket and
USER:PASSWORD for the token.
Exit code 4: something is still missing in the database.`,
		Flags: append(influxFlags(), formatFlag(), quietFlag(),
			&cli.BoolFlag{Name: "all", Usage: "send everything, not only what is missing"},
			&cli.DurationFlag{Name: "timeout", Value: 10 * time.Second, Usage: "`TIME` for a request"},
			&cli.DurationFlag{
				Name:  "patience",
				Value: 30 * time.Second,
				Usage: "`TIME` for which a server that does not answer is asked again",
			},
		),
		Action: func(c *cli.Context) error { return upload(c, s) },
	}
}

// uploaded is what became of one run.
type uploaded struct {
	Run      string        `json:"run"`
	Database string        `json:"database"`
	Counts   record.Counts `json:"counts"`
	Error    string        `json:"error,omitempty"`
}

func upload(c *cli.Context, s *State) error {
	form, err := format(c)
	if err != nil {
		return err
	}
	if c.NArg() == 0 {
		return usagef("upload takes at least one run's directory, such as results/iiot-20260101T120000Z")
	}
	named, err := namedDatabase(c)
	if err != nil {
		return err
	}
	named.Timeout, named.Patience, named.Seed = c.Duration("timeout"), c.Duration("patience"), uint64(os.Getpid())
	configs := make([]influx.Config, c.NArg())
	for i, dir := range c.Args().Slice() {
		if configs[i], err = destination(named, dir); err != nil {
			return usage(err)
		}
	}
	show := newProgress(c, s)
	var all []uploaded
	var failed []error
	for i, dir := range c.Args().Slice() {
		config := configs[i]
		_, unsound := record.Verify(dir)
		failed = append(failed, sayUnsound(s, unsound))
		if errors.Is(unsound, record.ErrAltered) { // a database would take it for what was measured
			all = append(all, uploaded{Run: dir, Database: config.Name(),
				Error: "nothing was sent: the directory is not as the run left it"})
			continue
		}
		told := func(p influx.Progress) {
			show.often(func() []string {
				return []string{fmt.Sprintf("%s: %s acknowledged, %.1f of %.1f MB read",
					dir, printable.Count(p.Lines, "line"), float64(p.Done)/1e6, float64(p.Total)/1e6)}
			})
		}
		counts, err := influx.Upload(c.Context, dir, config, influx.Options{All: c.Bool("all"), Progress: told})
		show.clear()
		result := uploaded{Run: dir, Database: config.Name(), Counts: counts}
		if err != nil {
			result.Error = err.Error()
			failed = append(failed, err)
		}
		all = append(all, result)
		if form == "table" {
			_ = printf(s.Stdout, "%s: %s\n", dir, databaseLine(config.Name(), counts))
		}
		if c.Context.Err() != nil {
			break
		}
	}
	if form == "json" {
		failed = append(failed, printJSON(s, all))
	}
	return incompleteCheck(errors.Join(failed...))
}

// destination is the database that gets a run's samples: the one that flags and environment name.
func destination(named influx.Config, dir string) (influx.Config, error) {
	manifest, err := record.ReadManifest(dir)
	if err == nil {
		_, err = os.Stat(filepath.Join(dir, record.SamplesFile))
	}
	if err != nil {
		return influx.Config{}, fmt.Errorf("%s is no run's directory: %w", dir, err)
	}
	var resolved struct { // of the scenario, what is about the database
		Influx influx.Suggestion
	}
	if len(manifest.Scenario) > 0 {
		if err := json.Unmarshal(manifest.Scenario, &resolved); err != nil {
			return influx.Config{}, fmt.Errorf("%s: the scenario in the manifest: %w", dir, err)
		}
	}
	if !named.Enabled() && resolved.Influx.URL != "" {
		return influx.Config{}, errors.New(dir + ": " + unconfirmed("the run's manifest", resolved.Influx.URL))
	}
	config := named.Complete(resolved.Influx)
	return config, config.Validate()
}

// databaseLine is what a database has got, in one line.
func databaseLine(name string, c record.Counts) string {
	line := fmt.Sprintf("%s has %s", name, printable.Count(c.Written, "line"))
	if c.Retried > 0 {
		line += fmt.Sprintf(", %s repeated", printable.Count(c.Retried, "request"))
	}
	if !c.Complete() {
		line += fmt.Sprintf("; MISSING: %d pending, %d rejected", c.Pending, c.Rejected)
	}
	if c.Message != "" {
		line += " (" + c.Message + ")"
	}
	return line
}

// incompleteCheck gives an error that says that samples are missing in a database its exit code: a check
// that failed, for all was carried out and nothing is lost.
func incompleteCheck(err error) error {
	if errors.Is(err, influx.ErrIncomplete) {
		return &coded{error: err, code: ExitCheck}
	}
	return err
}
