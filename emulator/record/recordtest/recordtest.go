// Package recordtest reads what is in a run's directory into memory, for tests.
package recordtest

import (
	"path/filepath"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/record"
	"testbed/emulator/record/lineprotocol"
)

// Chains are the rows of chains.csv in a run's directory.
func Chains(dir string) (chains []record.Chain, err error) {
	err = record.EachChain(filepath.Join(dir, record.ChainsFile), func(c *record.Chain) error {
		chains = append(chains, *c)
		return nil
	})
	return chains, err
}

// Points are those of a measurement in samples.lp in a run's directory.
func Points(dir, measurement string) (points []lineprotocol.Point, err error) {
	file, err := readfile.Open(filepath.Join(dir, record.SamplesFile), record.MaxSamplesSize)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	err = lineprotocol.Read(file, func(p lineprotocol.Point) error {
		if p.Measurement == measurement {
			points = append(points, p)
		}
		return nil
	})
	return points, err
}
