package record

import (
	"fmt"
	"strconv"
	"testbed/emulator/record/lineprotocol"
)

// readChains reads a table of chains, chains.csv, into memory; see EachChain.
func readChains(path string) (chains []Chain, err error) {
	err = EachChain(path, func(c *Chain) error {
		chains = append(chains, *c)
		return nil
	})
	return chains, err
}

// readSamples reads samples.lp: chains and steps in the order written. Points of other measurements are
// left alone. Where the last line is cut off it returns all others with an error that wraps ErrTruncated.
func readSamples(path string) (chains []Chain, steps []Step, err error) {
	err = readPoints(path, func(p lineprotocol.Point) error {
		switch p.Measurement {
		case chainMeasurement:
			c, err := chainOf(p)
			chains = append(chains, c)
			return err
		case stepMeasurement:
			s, err := stepOf(p)
			steps = append(steps, s)
			return err
		}
		return nil
	}, chainMeasurement, stepMeasurement)
	return chains, steps, err
}

// readSteps reads the steps of samples.lp, like readSamples.
func readSteps(path string) (steps []Step, err error) {
	err = readPoints(path, func(p lineprotocol.Point) error {
		s, err := stepOf(p)
		steps = append(steps, s)
		return err
	}, stepMeasurement)
	return steps, err
}

func tagsOf(p lineprotocol.Point) (Tags, error) {
	length, err := strconv.Atoi(p.Tags["length"])
	if err != nil {
		return Tags{}, fmt.Errorf("tag length: %w", err)
	}
	return Tags{
		Run: p.Tags["run"], Testbed: p.Tags["testbed"], Scenario: p.Tags["scenario"], Model: p.Tags["model"],
		Policy: p.Tags["policy"], Fabric: p.Tags["fabric"], Runtime: p.Tags["runtime"],
		ClientClass: p.Tags["client_class"], Length: length,
	}, nil
}

func chainOf(p lineprotocol.Point) (Chain, error) {
	tags, err := tagsOf(p)
	c := Chain{
		Tags: tags, Time: p.Time.UTC(), Index: int(p.Int("index")), Job: p.Text("job"), Client: p.Text("client"),
		Start:    p.Int("start_ns"),
		Measured: timesOf(p, ""),
		Bytes:    p.Int("bytes"), States: int(p.Int("states")), Lost: int(p.Int("lost")),
		Conflicts: int(p.Int("conflicts")), Retries: int(p.Int("retries")), Cold: int(p.Int("cold")),
		Late: p.Number("late_s"), Error: p.Text("error"), Machine: p.Tags["machine"],
		Attempt: int(p.Int("attempt")), Disturbed: p.Fields["disturbed"] == true,
	}
	if _, known := p.Fields["host_late_s"]; known {
		c.Host = &HostLate{All: p.Number("host_late_s"), Nodes: p.Number("host_late_nodes_s")}
		if _, c.Host.FabricKnown = p.Fields["host_late_fabric_s"]; c.Host.FabricKnown {
			c.Host.Fabric = p.Number("host_late_fabric_s")
		}
	}
	if _, known := p.Fields["predicted_latency_s"]; known {
		predicted := timesOf(p, "predicted_")
		c.Predicted = &predicted
	}
	if _, c.Scaled = p.Fields["starts"]; c.Scaled {
		c.Starts = int(p.Int("starts"))
	}
	return c, err
}

func timesOf(p lineprotocol.Point, prefix string) Times {
	return Times{
		Latency: p.Number(prefix + "latency_s"), Network: p.Number(prefix + "network_s"),
		Processing: p.Number(prefix + "processing_s"), Start: p.Number(prefix + "start_s"),
	}
}

func stepOf(p lineprotocol.Point) (Step, error) {
	tags, err := tagsOf(p)
	if err != nil {
		return Step{}, err
	}
	index, err := strconv.Atoi(p.Tags["step"])
	if err != nil {
		return Step{}, fmt.Errorf("tag step: %w", err)
	}
	s := Step{
		Tags: tags, Time: p.Time.UTC(), Chain: int(p.Int("chain")), Job: p.Text("job"), Index: index,
		Task: int(p.Int("task")), Role: p.Tags["role"], From: p.Text("from"), To: p.Text("to"), Bytes: p.Int("bytes"),
		Ops: p.Int("ops"), Offset: p.Number("offset_s"), Duration: p.Number("duration_s"), Remote: p.Number("remote_s"),
		Retries: int(p.Int("retries")), Start: p.Number("start_s"),
	}
	if _, known := p.Fields["predicted_s"]; known {
		predicted := p.Number("predicted_s")
		s.Predicted = &predicted
	}
	return s, nil
}
