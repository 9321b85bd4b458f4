package record

import (
	"fmt"
	"slices"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/record/lineprotocol"
)

// ReadLinks calls each for every sample of a link in samples.lp, in the order written, until it fails. It
// holds one at a time. Where the last line is cut off, the error wraps ErrTruncated.
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
	for _, name := range []string{chainMeasurement, stepMeasurement, linkMeasurement, hostMeasurement,
		migrationMeasurement, attemptMeasurement, attemptStepMeasurement} {
		if !slices.Contains(measurements, name) {
			skip = append(skip, name)
		}
	}
	if err := lineprotocol.Read(f, each, skip...); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
