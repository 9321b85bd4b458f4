package record

import (
	"errors"
	"fmt"
	"slices"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/record/lineprotocol"
)

// ReadSamples reads samples.lp: chains and steps in the order written. Points of other measurements are
// left alone. Where the last line is cut off it returns all others with an error that wraps ErrTruncated.
func ReadSamples(path string) (chains []Chain, steps []Step, err error) {
	err = readPoints(path, func(p lineprotocol.Point) error {
		switch p.Measurement {
		case chainMeasurement:
			c, err := chainOf(p)
			chains = append(chains, c)
			return errors.Join(err, most(len(chains), MaxChains, "chains"))
		case stepMeasurement:
			s, err := stepOf(p)
			steps = append(steps, s)
			return errors.Join(err, most(len(steps), maxSteps, "steps"))
		}
		return nil
	}, chainMeasurement, stepMeasurement)
	return chains, steps, err
}

// ReadSteps reads the steps of samples.lp, like ReadSamples.
func ReadSteps(path string) (steps []Step, err error) {
	err = readPoints(path, func(p lineprotocol.Point) error {
		s, err := stepOf(p)
		steps = append(steps, s)
		return errors.Join(err, most(len(steps), maxSteps, "steps"))
	}, stepMeasurement)
	return steps, err
}

// maxSteps is the most steps that are read into memory.
const maxSteps = 2 * MaxChains

func most(n, limit int, what string) error {
	if n > limit {
		return fmt.Errorf("at most %d %s are read: %w", limit, what, readfile.ErrLimit)
	}
	return nil
}

// ReadLinks calls each for every sample of a link in samples.lp, in the order written, until it fails. It
// holds one at a time. An error wraps ErrTruncated as that of ReadSamples does.
func ReadLinks(path string, each func(Link) error) error {
	return readPoints(path, func(p lineprotocol.Point) error {
		l, err := linkOf(p)
		if err != nil {
			return fmt.Errorf("tag dir: %w", err)
		}
		return each(l)
	}, linkMeasurement)
}

// ReadHost calls each for every sample of the host's load in samples.lp, like ReadLinks.
func ReadHost(path string, each func(Host) error) error {
	return readPoints(path, func(p lineprotocol.Point) error { return each(hostOf(p)) }, hostMeasurement)
}

func readPoints(path string, each func(lineprotocol.Point) error, measurements ...string) error {
	f, err := readfile.Open(path, MaxSamplesSize)
	if err != nil {
		return err
	}
	defer f.Close()
	var skip []string
	for _, name := range []string{chainMeasurement, stepMeasurement, linkMeasurement, hostMeasurement} {
		if !slices.Contains(measurements, name) {
			skip = append(skip, name)
		}
	}
	if err := lineprotocol.Read(f, each, skip...); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
