package study

import (
	"context"
	"os"
	"testbed/emulator/campaign"
	"testbed/emulator/scenario"
	"testing"
)

func TestPub(t *testing.T) {
	s, err := scenario.Load("../../../scenarios/published.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, n, err := campaign.Simulation(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(n, len(c.Pool))
	os.RemoveAll("/tmp/lookp")
	r, err := campaign.Run(context.Background(), campaign.Config{Spec: campaign.Study(), Simulation: c, Dir: "/tmp/lookp"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Figures(r) {
		if _, err := f.Write("/tmp/lookp"); err != nil {
			t.Error(err)
		}
	}
}
