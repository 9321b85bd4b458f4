package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator/record"
	"testbed/emulator/record/influx"
)

func uploadCommand(s *State) *cli.Command {
	return &cli.Command{Name: "upload", Usage: "send to InfluxDB what it has not got of runs' samples (no root)", ArgsUsage: "RUN [RUN...]",
		Description: `Sends what is missing, any number of times; a point that is sent again replaces itself.
INFLUX_URL, INFLUX_ORG, INFLUX_BUCKET and INFLUX_TOKEN say where, unless the flags do.
The token is taken from the environment only. For InfluxDB 1.8 leave the organisation
empty, write DATABASE or DATABASE/POLICY for the bucket and USER:PASSWORD for the token.
Exit code 4: something is still missing in the database.`,
		Flags: []cli.Flag{formatFlag(),
			&cli.StringFlag{Name: "url", Usage: "the database's `URL`, such as http://localhost:8086"},
			&cli.StringFlag{Name: "org", Usage: "the `ORGANISATION`"},
			&cli.StringFlag{Name: "bucket", Usage: "the `BUCKET`"},
			&cli.BoolFlag{Name: "all", Usage: "send everything, not only what is missing"},
			&cli.DurationFlag{Name: "timeout", Value: 10 * time.Second, Usage: "`TIME` for a request"},
			&cli.DurationFlag{Name: "patience", Value: 30 * time.Second, Usage: "`TIME` for which a server that does not answer is asked again"},
		},
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
	config := influx.Config{URL: c.String("url"), Org: c.String("org"), Bucket: c.String("bucket"),
		Timeout: c.Duration("timeout"), Patience: c.Duration("patience"), Seed: uint64(os.Getpid())}.WithEnvironment(os.Getenv)
	if err := config.Validate(); err != nil {
		return usage(err)
	}
	for _, dir := range c.Args().Slice() {
		if _, err := os.Stat(filepath.Join(dir, record.SamplesFile)); err != nil {
			return usage(fmt.Errorf("%s is no run's directory: %w", dir, err))
		}
	}
	show := newProgress(s)
	var all []uploaded
	var failed []error
	for _, dir := range c.Args().Slice() {
		counts, err := influx.Upload(c.Context, dir, config, influx.Options{All: c.Bool("all"), Progress: func(p influx.Progress) {
			show.often(func() []string {
				return []string{fmt.Sprintf("%s: %d lines acknowledged, %.1f of %.1f MB read", dir, p.Lines, float64(p.Done)/1e6, float64(p.Total)/1e6)}
			})
		}})
		show.clear()
		result := uploaded{Run: dir, Database: config.Name(), Counts: counts}
		if err != nil {
			result.Error = err.Error()
			failed = append(failed, err)
		}
		all = append(all, result)
		if form == "table" {
			fmt.Fprintf(s.Stdout, "%s: %s\n", dir, databaseLine(config.Name(), counts))
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

// databaseLine is what a database has got, in one line.
func databaseLine(name string, c record.Counts) string {
	line := fmt.Sprintf("%s has %d lines", name, c.Written)
	if c.Retried > 0 {
		line += fmt.Sprintf(", %d requests repeated", c.Retried)
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
