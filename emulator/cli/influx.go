package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/urfave/cli/v2"

	"testbed/emulator/influx"
	"testbed/emulator/internal/childenv"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/scenario"
)

// tokenLimit is the most bytes that a file with a token may have.
const tokenLimit = 64 << 10

// influxFlags say which database gets the samples, and which token goes there. There is no flag for the token
// itself: everybody on the host can read command lines.
func influxFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{
			Name:    "influx-url",
			Aliases: []string{"url"},
			Usage: "the InfluxDB that gets the samples, a `URL` such as http://localhost:8086, without a user " +
				"(default: INFLUX_URL)",
		},
		&cli.StringFlag{
			Name:    "influx-org",
			Aliases: []string{"org"},
			Usage:   "its `ORGANISATION` (default: INFLUX_ORG)",
		},
		&cli.StringFlag{
			Name:    "influx-bucket",
			Aliases: []string{"bucket"},
			Usage:   "its `BUCKET` (default: INFLUX_BUCKET)",
		},
		&cli.StringFlag{
			Name:  "influx-token-env",
			Usage: "the environment's `VARIABLE` that holds the token (default: INFLUX_TOKEN)",
		},
		&cli.StringFlag{Name: "influx-token-file", Usage: "`FILE` that holds the token, instead of a variable"},
	}
}

// namedDatabase is the database that flags and environment name, with its token. Without a URL there is none.
// Nothing that it fails with repeats a secret.
func namedDatabase(c *cli.Context) (influx.Config, error) {
	token, err := token(c)
	if err != nil {
		return influx.Config{}, usage(err)
	}
	config := influx.Config{URL: c.String("influx-url"), Org: cmp.Or(c.String("influx-org"), os.Getenv(influx.EnvOrg)),
		Bucket: cmp.Or(c.String("influx-bucket"), os.Getenv(influx.EnvBucket)), Token: token}
	if config.URL == "" {
		config.URL = childenv.Secret(influx.EnvURL)
	} else if u, err := url.Parse(config.URL); err == nil && u.User != nil {
		return influx.Config{}, usagef("--influx-url: the address holds a user or a password, which everybody on this " +
			"host can read: set INFLUX_TOKEN instead (InfluxDB 1.8: user:password)")
	}
	return config, nil
}

// token is the database's token. Its variable is gone from the environment afterwards.
func token(c *cli.Context) (influx.Secret, error) {
	variable, path := c.String("influx-token-env"), c.String("influx-token-file")
	always := childenv.Secret(influx.EnvToken)
	switch {
	case variable != "" && path != "":
		return "", fmt.Errorf("--influx-token-env and --influx-token-file contradict each other: give one of them")
	case variable != "":
		named := childenv.Secret(variable)
		if named == "" {
			return "", errors.New("--influx-token-env: the environment has no variable of that name, or it is empty: " +
				"the flag takes the variable's name, not the token")
		}
		return influx.Secret(named), nil
	case path != "":
		return readToken(path)
	}
	return influx.Secret(always), nil
}

// readToken reads a token from a file: all of it but the space around.
func readToken(path string) (influx.Secret, error) {
	childenv.NoCoreFiles()
	text, err := readfile.All(path, tokenLimit+1)
	switch text = bytes.TrimSpace(text); {
	case err != nil:
		return "", fmt.Errorf("--influx-token-file: %w", err)
	case len(text) == 0 || len(text) > tokenLimit || bytes.ContainsAny(text, "\r\n\x00"):
		return "", fmt.Errorf("--influx-token-file: %s does not hold a token: one line, at most %d bytes", path, tokenLimit)
	}
	return influx.Secret(text), nil
}

// mirrorOf is the InfluxDB that is to get a run's samples too; nil: none. What a scenario says of one is a
// suggestion, which a flag or the environment has to confirm.
func mirrorOf(c *cli.Context, s *State, sc *scenario.Scenario) (*influx.Config, error) {
	config, err := namedDatabase(c)
	if err != nil {
		return nil, err
	}
	own := scenario.Influx{}
	if sc.Influx != nil {
		own = *sc.Influx
	}
	config = config.Complete(influx.Suggestion{URL: own.URL, Org: own.Org, Bucket: own.Bucket})
	needed := c.Bool("influx-required") || own.Required
	switch {
	case config.Enabled() || needed && own.URL == "":
		return &config, usage(config.Validate())
	case needed:
		return nil, usagef("%s", unconfirmed("the scenario", own.URL))
	case own.URL != "":
		return nil, printf(s.Stderr, "note: %s\n", unconfirmed("the scenario", own.URL))
	}
	return nil, nil
}

// unconfirmed says that only a file names a database.
func unconfirmed(file, url string) string {
	return fmt.Sprintf("only %s names a database, %q, and a file alone does not choose where samples go: "+
		"set INFLUX_URL to it or give --influx-url", file, influx.Config{URL: url}.Server())
}
