package study

import (
	"context"
	"os"
	"testing"

	"testbed/emulator/campaign"
	"testbed/emulator/scenario"
)

func TestLook(t *testing.T) {
	s, err := scenario.Load("../../../scenarios/paper.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := campaign.Simulation(s)
	if err != nil {
		t.Fatal(err)
	}
	os.RemoveAll("/tmp/look")
	r, err := campaign.Run(context.Background(), campaign.Config{Spec: campaign.Study(), Simulation: c, Dir: "/tmp/look"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Figures(r) {
		if _, err := f.Write("/tmp/look"); err != nil {
			t.Error(err)
		}
	}
}

func TestLook2(t *testing.T) {
	for _, d := range []string{"/tmp/look", "/tmp/lookp"} {
		r, err := campaign.Load(d)
		if err != nil {
			t.Fatal(err)
		}
		WriteTable(os.Stdout, Statements(r))
	}
}
