package study

import (
	_ "embed"

	"testbed/emulator/catalogue"
	"testbed/emulator/scenario"
)

// paper is a copy of scenarios/paper.yaml, for where that file is not at hand.
//
//go:embed paper.yaml
var paper []byte

// Scenario is the scenario of the study's simulations; campaign.Study is what is simulated on it.
func Scenario(c *catalogue.Catalogue) (*scenario.Scenario, error) {
	return scenario.Parse(paper, "paper.yaml", c)
}
