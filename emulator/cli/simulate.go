package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/predict/statesim"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
)

func simulateCommand(s *State) *cli.Command {
	return &cli.Command{Name: "simulate", Usage: "predict a scenario without running it (no root)", ArgsUsage: "SCENARIO",
		Flags: append([]cli.Flag{quietFlag(),
			&cli.StringFlag{
				Name:    "format",
				Aliases: []string{"f"},
				Value:   "table",
				Usage:   "`FORMAT` of the output: table or json; statesim and parquet are understood as --store",
			},
			choose(s, "engine", "`ENGINE` that predicts: "+engines(s), catalogue.Predictors).preset(defaultEngine(s)),
			&cli.StringFlag{
				Name:    "output",
				Aliases: []string{"o"},
				Usage: "`DIRECTORY` that gets the results: prediction.csv (transport), or the campaign's files " +
					"(statesim)",
			},
			&cli.StringFlag{
				Name: "state-access",
				Usage: "transport: `WHO` reads and writes the state's repository, worker or client (as the published " +
					"simulator charges it), instead of the scenario's state-access",
			},
		}, campaignFlags()...),
		Action: func(c *cli.Context) error {
			engine := c.String("engine")
			predictor, err := predict.Predictors.Find(s.catalogue(), engine)
			switch {
			case c.Bool("paper") && c.IsSet("engine") && !predictor.Campaigns:
				return usagef("--paper is the engine %s's; leave --engine %s out", statesim.EngineName, engine)
			case c.Bool("paper") || predictor.Campaigns:
				return simulateCampaign(c, s)
			case err == nil:
				return simulateJobs(c, s, predictor)
			default:
				known := s.catalogue().Names(catalogue.Predictors)
				return usagef("unknown engine %q: write %s", engine, strings.Join(known, " or "))
			}
		}}
}

// defaultEngine is the predictor that emulation should agree with.
func defaultEngine(s *State) string { return defaultName(s, catalogue.Predictors) }

// engines lists the predictors with what they are.
func engines(s *State) string {
	var all []string
	for _, p := range s.catalogue().All(catalogue.Predictors) {
		all = append(all, fmt.Sprintf("%s (%s)", p.Name, cmp.Or(p.Brief, p.About)))
	}
	return strings.Join(all, " or ")
}

// simulateJobs predicts a scenario's own jobs.
func simulateJobs(c *cli.Context, s *State, p predict.Predictor) error {
	form, err := format(c)
	if err != nil {
		return err
	}
	for _, f := range campaignFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return usagef("--%s is for campaigns of the published simulator: add --engine %s", name, statesim.EngineName)
		}
	}
	path, err := argument(c, "a scenario file")
	if err != nil {
		return err
	}
	access, given := plan.StateAccess(c.String("state-access")), c.IsSet("state-access")
	if given && access != plan.ByWorker && access != plan.ByClient {
		return usagef("unknown --state-access %q: write worker or client", access)
	}
	e, err := prepare(s, path)
	if err != nil {
		return err
	}
	if !given {
		access = e.Access()
	}
	predictions, err := simulate(e, p, access)
	if err != nil {
		return err
	}
	for _, note := range run.LeftOut(e, predictions) {
		_ = printf(s.Stderr, "note: %s\n", note)
	}
	if dir := c.String("output"); dir != "" {
		if err := savePredictions(dir, predictions); err != nil {
			return err
		}
	}
	if form == "json" {
		return printJSON(s, newPredictions(predictions))
	}
	printPredictions(s, e, predictions)
	return nil
}

// simulate predicts all plans of a scenario, in the order in which they would be replayed.
func simulate(e *resolved.Scenario, p predict.Predictor, access plan.StateAccess) ([]predict.Prediction, error) {
	engine, err := p.New(run.Setting(e))
	if err != nil {
		return nil, err
	}
	var plans []*plan.Plan
	for _, m := range e.Models {
		of, err := e.Plans(m, access)
		if err != nil {
			return nil, usage(err)
		}
		plans = append(plans, of...)
	}
	if err := predict.Measured(plans); err != nil {
		return nil, usage(fmt.Errorf("%s: %w", e.Source.Path(), err))
	}
	return engine.Predict(plans)
}

func savePredictions(dir string, predictions []predict.Prediction) error {
	var text bytes.Buffer
	if err := predict.WriteCSV(&text, predictions); err != nil {
		return err
	}
	d, err := outdir.Make(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.WriteFile(run.PredictionFile, text.Bytes()), d.Close())
}

// printPredictions prints the means of each model.
func printPredictions(s *State, e *resolved.Scenario, predictions []predict.Prediction) {
	head := []any{"model", "chains", "total mean ms", "network mean ms", "processing mean ms", "traffic mean MB·hops"}
	scaled := e.Source.Scaled()
	if scaled {
		head = append(head, "instances mean ms") // waiting for them: the rest of the total
	}
	t := newTable(s, head...)
	columns := []table.ColumnConfig{}
	for i := 2; i <= len(head); i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for _, m := range e.Models {
		var n, total, network, processing, traffic float64
		for _, p := range predictions {
			if p.Model == m {
				n++
				total, network, processing = total+p.Total, network+p.Network, processing+p.Processing
				traffic += float64(p.Traffic)
			}
		}
		mean := func(sum, scale float64) string { return fmt.Sprintf("%.1f", sum/max(n, 1)*scale) }
		row := table.Row{
			string(m), int(n), mean(total, 1e3), mean(network, 1e3), mean(processing, 1e3), mean(traffic, 1e-6),
		}
		if scaled {
			row = append(row, mean(max(0, total-network-processing), 1e3))
		}
		t.AppendRow(row)
	}
	t.Render()
	printEdge(s, e)
	printShares(s, e.Shares())
}
