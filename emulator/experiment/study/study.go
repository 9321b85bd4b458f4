// Package study is the study's evaluation as an experiment: loads × policies × models × seeds, in which all jobs of a
// load are placed and a sample of them is carried out, by emulation and by predictors. What the study shows and says
// is then drawn and judged of each engine (package campaign/study), and where they do not judge alike it is said why.
package study

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"testbed/emulator/campaign"
	"testbed/emulator/catalogue"
	"testbed/emulator/experiment"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/resolved"
)

// Text is a copy of scenarios/study.yaml, for where that file is not at hand.
//
//go:embed study.yaml
var Text []byte

// File is the name under which errors speak of Text.
const File = "study.yaml"

// Options are what a study can be made smaller or larger by.
type Options struct {
	Loads    []int // numbers of jobs, ascending
	Policies []string
	Chains   int // of each load and seed, how many jobs are carried out, under the policy load a sixth of it; 0: all
	Seeds    int // each draws jobs of its own
	Engines  []string
}

// Full is the study; on two cores it takes less than 20 minutes.
func Full(c *catalogue.Catalogue) Options {
	o := Options{Loads: campaign.Study().Jobs, Chains: 12, Seeds: 3,
		Engines: append([]string{experiment.Emulation}, c.Names(catalogue.Predictors)...)}
	for _, p := range campaign.Study().Policies {
		o.Policies = append(o.Policies, string(p))
	}
	return o
}

// Quick is its ends with fewer chains; on two cores it takes less than 4 minutes.
func Quick(c *catalogue.Catalogue) Options {
	o := Full(c)
	o.Loads, o.Chains, o.Seeds = []int{100, 500}, 6, 2
	return o
}

// Spec is the experiment on a scenario, whose file and text are given.
func (o *Options) Spec(file string, text []byte) (experiment.Spec, error) {
	s := experiment.Spec{File: file, Text: text, Repeat: o.Seeds, Order: experiment.Random, Seed: 1, Engines: o.Engines}
	if len(o.Loads) == 0 || !slices.IsSorted(o.Loads) || o.Loads[0] < 1 {
		return s, errors.New("loads are numbers of jobs in ascending order, such as 100,300,500")
	}
	if o.Chains < 0 {
		return s, fmt.Errorf("%d chains of each load: give a positive number, or 0 for all", o.Chains)
	}
	jobs := experiment.Factor{Key: "workload.jobs"}
	for _, load := range o.Loads {
		jobs.Levels = append(jobs.Levels, level(strconv.Itoa(load), "--loads"))
	}
	policy := experiment.Factor{Key: "placement.policy"}
	for _, p := range o.Policies {
		l := level(p, "--policies")
		if chains := o.sample(p); chains > 0 {
			l.Also = []experiment.Also{{Key: "replay.chains", Value: strconv.Itoa(chains)}}
		}
		policy.Levels = append(policy.Levels, l)
	}
	s.Factors = []experiment.Factor{jobs, policy}
	return s, nil
}

// sample is how many chains are carried out under a policy. What the study says of the policy load is about traffic,
// which follows from the placement of all jobs: of what was measured it needs only by how much the links carried more
// than payload. Chains under it cross the whole network, take five times as long and are in each other's way.
func (o *Options) sample(policy string) int {
	if policy == string(placement.Load) {
		return (o.Chains + 5) / 6
	}
	return o.Chains
}

func level(text, flag string) experiment.Level { return experiment.Level{Text: text, From: flag} }

// Campaign is what the experiment's rows are results of, on a scenario with all defaults resolved.
func (o *Options) Campaign(e *resolved.Scenario) campaign.Spec {
	c := campaign.Spec{Jobs: o.Loads, Replications: o.Seeds, Seed: 1, Models: slices.Clone(e.Models)}
	for _, p := range o.Policies {
		c.Policies = append(c.Policies, placement.Policy(p))
	}
	if ordered := slices.DeleteFunc(slices.Clone(plan.Study), func(m plan.Model) bool {
		return !slices.Contains(e.Models, m)
	}); len(ordered) == len(e.Models) {
		c.Models = ordered
	}
	return c
}
