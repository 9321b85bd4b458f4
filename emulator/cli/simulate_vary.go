package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator/campaign"
	"testbed/emulator/campaign/study"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/predict/statesim"
)

// Files of what --vary found, in its directory.
const (
	variedTable = "vary.md"
	variedJSON  = "vary.json"
)

// assumptions names the switches of the published simulator, with what is assumed instead.
func assumptions() string {
	var all []string
	for _, s := range statesim.Switches {
		name := s.Name
		if s.Value != "" {
			name += "=" + s.Value
		}
		all = append(all, fmt.Sprintf("%s (%s)", name, s.Instead))
	}
	return strings.Join(all, "; ")
}

// checkVary refuses what --vary cannot go with.
func checkVary(c *cli.Context) error {
	if !c.Bool("vary") {
		return nil
	}
	if !c.Bool("paper") {
		return usagef("--vary takes the study's assumptions otherwise: add --paper")
	}
	for _, name := range []string{"store", "resume", "assume"} {
		if c.IsSet(name) {
			return usagef("--vary keeps no rows and goes through all assumptions: leave --%s out", name)
		}
	}
	return nil
}

// varyStudy runs the study under one changed assumption at a time, and says what each does.
func varyStudy(c *cli.Context, s *State, form string, config campaign.Config) error {
	show := newProgress(c, s)
	name, at, of := "", 0, 0
	config.Progress = func(p campaign.Progress) {
		show.often(func() []string {
			return []string{fmt.Sprintf("vary %d/%d %s: %s", at+1, of, name, campaignProgress(p))}
		})
	}
	all, err := study.Vary(c.Context, config, func(next string, done, total int) { name, at, of = next, done, total })
	show.clear()
	if err != nil {
		return err
	}
	var table, text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	if err := errors.Join(study.WriteVaried(&table, all), e.Encode(all)); err != nil {
		return err
	}
	if dir := c.String("output"); dir != "" {
		d, err := outdir.Make(dir)
		if err != nil {
			return err
		}
		err = errors.Join(d.WriteFile(variedTable, table.Bytes()), d.WriteFile(variedJSON, text.Bytes()), d.Close())
		if err != nil {
			return err
		}
	}
	if form == "json" {
		return printJSON(s, all)
	}
	for line := range strings.Lines(table.String()) {
		if err := printf(s.Stdout, "%s\n", strings.TrimRight(line, "\n")); err != nil {
			return err
		}
	}
	return nil
}
