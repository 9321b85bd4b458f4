package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"

	"testbed/emulator/experiment"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/predict/transport"
	"testbed/emulator/session"
)

func simulateCommand(s *State) *cli.Command {
	return &cli.Command{Name: "simulate", Usage: "predict a scenario without running it (no root)", ArgsUsage: "SCENARIO",
		Flags: []cli.Flag{formatFlag(),
			&cli.StringFlag{Name: "engine", Value: "transport", Usage: "`ENGINE` that predicts: transport"},
			&cli.StringFlag{Name: "state-access", Value: string(plan.ByWorker), Usage: "`WHO` reads and writes the state's repository: worker (as emulated) or client (as the published simulator charges it)"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`DIRECTORY` that gets prediction.csv"},
		},
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err != nil {
				return err
			}
			path, err := argument(c, "a scenario file")
			if err != nil {
				return err
			}
			if c.String("engine") != "transport" {
				return usagef("unknown engine %q: this version has transport", c.String("engine"))
			}
			access := plan.StateAccess(c.String("state-access"))
			if access != plan.ByWorker && access != plan.ByClient {
				return usagef("unknown --state-access %q: write worker or client", access)
			}
			e, err := prepare(s, path)
			if err != nil {
				return err
			}
			predictions, err := simulate(e, access)
			if err != nil {
				return err
			}
			if dir := c.String("output"); dir != "" {
				if err := savePredictions(dir, predictions); err != nil {
					return err
				}
			}
			if form == "json" {
				return printJSON(s, predictions)
			}
			printPredictions(s, e, predictions)
			return nil
		}}
}

// simulate predicts all plans of an experiment, in the order in which they would be replayed.
func simulate(e *experiment.Experiment, access plan.StateAccess) ([]predict.Prediction, error) {
	engine, err := transport.New(e.Topology, e.Speed, session.Options(e.Scenario.TCP.SlowStartAfterIdle))
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
	return engine.Predict(plans)
}

func savePredictions(dir string, predictions []predict.Prediction) error {
	var text bytes.Buffer
	if err := predict.WriteCSV(&text, predictions); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, session.PredictionFile), text.Bytes(), 0o644)
}

// printPredictions prints the means of each model.
func printPredictions(s *State, e *experiment.Experiment, predictions []predict.Prediction) {
	t := newTable(s, "model", "chains", "total mean ms", "network mean ms", "processing mean ms", "traffic mean MB·hops")
	columns := []table.ColumnConfig{}
	for i := 2; i <= 6; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for _, m := range e.Models {
		var n, total, network, processing, traffic float64
		for _, p := range predictions {
			if p.Model == m {
				n++
				total, network, processing, traffic = total+p.Total, network+p.Network, processing+p.Processing, traffic+float64(p.Traffic)
			}
		}
		mean := func(sum, scale float64) string { return fmt.Sprintf("%.1f", sum/max(n, 1)*scale) }
		t.AppendRow(table.Row{string(m), int(n), mean(total, 1e3), mean(network, 1e3), mean(processing, 1e3), mean(traffic, 1e-6)})
	}
	t.Render()
}
