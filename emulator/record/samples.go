package record

import (
	"fmt"
	"os"

	"testbed/emulator/record/lineprotocol"
)

// ReadSamples reads samples.lp: chains and steps in the order written. Points of other measurements are
// left alone. Where the last line is cut off it returns all others with an error that wraps ErrTruncated.
func ReadSamples(path string) (chains []Chain, steps []Step, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	err = lineprotocol.Read(f, func(p lineprotocol.Point) error {
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
	})
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return chains, steps, err
}

// ReadSteps reads the steps of samples.lp, like ReadSamples.
func ReadSteps(path string) ([]Step, error) {
	_, steps, err := ReadSamples(path)
	return steps, err
}
