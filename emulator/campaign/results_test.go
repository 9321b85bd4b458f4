package campaign

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict/statesim"
)

// byHand has two replications of one load, policy and model, with three and two chains.
func byHand() *Results {
	spec := Spec{
		Jobs:         []int{3},
		Replications: 2,
		Seed:         1,
		Policies:     []placement.Policy{placement.LoadNet},
		Models:       []plan.Model{plan.InEdge},
	}
	r := NewResults(spec)
	r.Add(&Block{Jobs: 3, Seed: 1, Policy: placement.LoadNet, Model: plan.InEdge, Rows: []statesim.Row{
		{Processing: 1, Network: 2, Traffic: 10, Length: 2},
		{Processing: 0, Network: 4, Traffic: 20, Length: 2},
		{Processing: 2, Network: 9, Traffic: 60, Length: 5},
	}})
	r.Add(&Block{Jobs: 3, Seed: 2, Policy: placement.LoadNet, Model: plan.InEdge, Rows: []statesim.Row{
		{Processing: 0, Network: 5, Traffic: 40, Length: 2}, {Processing: 1, Network: 6, Traffic: 20, Length: 3},
	}})
	return r
}

func TestResultsByHand(t *testing.T) {
	r := byHand()
	want := []Mean{
		{3, placement.LoadNet, plan.InEdge, 1, 3, 1, 5, 6, 30},
		{3, placement.LoadNet, plan.InEdge, 2, 2, 0.5, 5.5, 6, 30},
	}
	if !slices.Equal(r.Means, want) {
		t.Errorf("means %+v", r.Means)
	}
	// Length 2: replications' means 3 and 5, so 4 ± 12.706205·sqrt(2)/sqrt(2).
	lengths := r.Lengths(3, placement.LoadNet, plan.InEdge)
	if len(lengths) != 3 {
		t.Fatalf("lengths %+v", lengths)
	}
	if l := lengths[0]; l.Chains != 3 || l.Network.Y != 4 || math.Abs(l.Network.High-16.706205) > 1e-6 {
		t.Errorf("length 2: %+v", l)
	}
	if l := lengths[1]; l.Length != 3 || l.Chains != 1 || l.Network.Y != 6 || !math.IsNaN(l.Network.Low) {
		t.Errorf("length 3: %+v", l)
	}
	// Totals 3, 4, 5, 7, 11: of the replications 3, 4, 11 and 5, 7.
	ranks := r.Ranks(plan.InEdge)
	n := len(ranks)
	if n != rankSteps || ranks[0].Y != 3 || ranks[n-1].Y != 11 {
		t.Errorf("%d ranks", n)
	}
	if middle := ranks[n/2]; middle.X != 0.5 || middle.Y != 5 {
		t.Errorf("the median is %+v", middle)
	}
	if p := ranks[len(ranks)/2]; p.Samples != 2 || math.Abs((p.Low+p.High)/2-5) > 1e-9 { // medians 4 and 6
		t.Errorf("median %+v", p)
	}
	if r.Ranks(plan.External) != nil || r.Lengths(3, placement.Load, plan.InEdge) != nil {
		t.Error("results of what was not simulated")
	}
}

// A sample has the results of the whole that it stands for, where the chains that it leaves out are like others.
func TestSampledChains(t *testing.T) {
	rows := []statesim.Row{
		{Processing: 1, Network: 2, Traffic: 10, Length: 1},
		{Processing: 0, Network: 4, Traffic: 20, Length: 1},
		{Processing: 2, Network: 9, Traffic: 60, Length: 5},
	}
	spec := Spec{
		Jobs: []int{7}, Replications: 1, Policies: []placement.Policy{placement.LoadNet}, Models: []plan.Model{plan.InEdge},
	}
	whole, sample := NewResults(spec), NewResults(spec)
	sample.Add(&Block{
		Jobs: 7, Policy: placement.LoadNet, Model: plan.InEdge, Rows: rows, Weights: []float64{2, 4, 1},
	})
	all := []statesim.Row{rows[0], rows[0], rows[1], rows[1], rows[1], rows[1], rows[2]}
	whole.Add(&Block{Jobs: 7, Policy: placement.LoadNet, Model: plan.InEdge, Rows: all})
	got, want := sample.Means[0], whole.Means[0]
	if got.Chains = 7; got != want {
		t.Errorf("means %+v, of the whole %+v", sample.Means[0], want)
	}
	for i, l := range sample.Lengths(7, placement.LoadNet, plan.InEdge) {
		of := whole.Lengths(7, placement.LoadNet, plan.InEdge)[i]
		if l.Weight != of.Weight || l.Network.Y != of.Network.Y {
			t.Errorf("length %d: %v of %v jobs, of the whole %v of %v", l.Length, l.Network.Y, l.Weight, of.Network.Y, of.Weight)
		}
	}
	ranks, of := sample.Ranks(plan.InEdge), whole.Ranks(plan.InEdge)
	for _, at := range []int{0, rankSteps / 2, rankSteps - 1} {
		if math.Abs(ranks[at].Y/of[at].Y-1) > 0.03 { // between the values it is interpolated otherwise
			t.Errorf("rank %v: %v, of the whole %v", ranks[at].X, ranks[at].Y, of[at].Y)
		}
	}
}

func TestCSVFiles(t *testing.T) {
	var summary, lengths bytes.Buffer
	r := byHand()
	if err := r.WriteSummary(&summary); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteLengths(&lengths); err != nil {
		t.Fatal(err)
	}
	if want := "jobs,policy,model,seed,chains,processing_s,network_s,total_s,traffic_byte_hops\n" +
		"3,load+net,in-edge,1,3,1,5,6,30\n3,load+net,in-edge,2,2,0.5,5.5,6,30\n"; summary.String() != want {
		t.Errorf("summary\n%s", &summary)
	}
	if want := "jobs,policy,model,length,chains,replications,network_s,ci95_low,ci95_high\n" +
		"3,load+net,in-edge,2,3,2,4,-8.70620474,16.7062047\n" +
		"3,load+net,in-edge,3,1,1,6,,\n3,load+net,in-edge,5,1,1,9,,\n"; lengths.String() != want {
		t.Errorf("lengths\n%s", &lengths)
	}
}

// A replication that draws no job has no means, and spoils no others.
func TestEmptyReplication(t *testing.T) {
	c := small(t)
	c.Jobs, c.Replications = []int{1}, 12
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	empty := 0
	for i := range r.Means {
		if r.Means[i].Chains == 0 {
			empty++
		}
	}
	samples := r.Samples(1, placement.Load, plan.InEdge, func(m *Mean) float64 { return m.Total })
	if empty == 0 || empty%8 != 0 || len(samples) != 12-empty/8 {
		t.Errorf("%d empty simulations, %d samples", empty, len(samples))
	}
	if _, err := Load(c.Dir); err != nil {
		t.Error(err)
	}
}

// The columnar file holds exactly what the simulator says.
func TestParquetHoldsTheRows(t *testing.T) {
	c := small(t)
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	sim, err := statesim.New(c.Simulation)
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	err = readParquet(filepath.Join(c.Dir, ParquetFile), func(b *Block) error {
		blocks++
		replication, err := sim.Replicate(b.Jobs, b.Seed, b.Policy)
		if err != nil {
			return err
		}
		rows, err := replication.Rows(b.Model)
		if !slices.Equal(rows, b.Rows) {
			t.Errorf("%s: %d rows differ", b, len(rows))
		}
		return err
	})
	if err != nil || blocks != 2*5*2*4 {
		t.Errorf("%d simulations: %v", blocks, err)
	}
}

// The simulator's own files read back give the same results but for the digits that they lack.
func TestLoadFromTexts(t *testing.T) {
	c := small(t)
	c.Store = Statesim
	computed, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	read, err := Load(c.Dir)
	if err != nil || len(read.Means) != len(computed.Means) {
		t.Fatal(err)
	}
	for i, m := range read.Means {
		w := computed.Means[i]
		if m.Chains != w.Chains || m.Traffic != w.Traffic || math.Abs(m.Total-w.Total) > 1e-5*w.Total {
			t.Errorf("%+v, want %+v", m, w)
		}
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("an empty directory was read")
	}
}
