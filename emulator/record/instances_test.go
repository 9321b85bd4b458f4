package record

import (
	"path/filepath"
	"reflect"
	"testing"
)

// TestInstancesAreInSamples: starts are among the fields of chains whose functions have instances, and of no others.
func TestInstancesAreInSamples(t *testing.T) {
	chain, steps := sample(2)
	if point := chain.Point(); point.Fields["starts"] != nil || point.Fields["start_s"] != nil {
		t.Errorf("all is warm: %v", point.Fields)
	}
	chain.Scaled, chain.Starts, chain.Measured.Start, chain.Predicted.Start = true, 2, 0.5, 0.25
	steps = append(steps, Step{Tags: chain.Tags, Time: chain.Time, Chain: 2, Job: chain.Job, Index: 2, Role: "start",
		Duration: 0.5, Start: 0.375})
	d, err := MakeDirectory(t.TempDir(), "r")
	if err == nil {
		err = d.Write(chain, steps)
	}
	if err == nil {
		err = d.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	chains, all, err := readSamples(filepath.Join(d.Path(), SamplesFile))
	if err != nil || !reflect.DeepEqual(chains, []Chain{chain}) || !reflect.DeepEqual(all, steps) {
		t.Errorf("%v:\n%+v\n%+v", err, chains, all)
	}
	if rest := chain.Measured.Overhead(); rest != 1.25-(0.1+0.2)-1e-9-0.5 {
		t.Errorf("the wait for instances counts as the FaaS's overhead: %v", rest)
	}
}
