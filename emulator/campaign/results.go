package campaign

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/shell"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/report/figures"
)

// Mean is what SummaryFile says of a simulation: means over its chains by their weights, NaN where there are none.
type Mean struct {
	Jobs       int
	Policy     placement.Policy
	Model      plan.Model
	Seed       uint64
	Chains     int
	Processing float64 // s
	Network    float64 // s
	Total      float64 // s
	Traffic    float64 // byte·hops
}

// Results are a campaign's results, as far as figures and tables need them: the rows themselves are not
// kept. Samples are always the means of replications, which are independent of each other; the jobs of
// one replication are not.
type Results struct {
	Spec    Spec
	Means   []Mean // in the order of the simulations
	lengths map[cell]map[int]*lengthMeans
	slopes  map[cell][]float64
	ranks   map[plan.Model]*rankSamples // of the simulations that Ranked says
	scratch []float64
	sums    lengthSums
}

// cell is what replications have in common.
type cell struct {
	jobs   int
	policy placement.Policy
	model  plan.Model
}

// lengthMeans are the mean network latencies of a replication's chains of one length.
type lengthMeans struct {
	chains int
	weight float64
	sum    float64   // s, of the latencies of all those chains, by their weights
	means  []float64 // s, one for each replication with such chains
}

// rankSamples are the total latencies of one model.
type rankSamples struct {
	all     []float64            // s, of all jobs
	weights []float64            // of all, where any are not 1; else nil
	ranks   [rankSteps][]float64 // s, at each of the ranks, one for each replication
}

// rankSteps is the number of ranks in [0,1] at which latencies in ascending order are looked at.
const rankSteps = 201

// NewResults returns results to which the simulations of a campaign can be added.
func NewResults(spec Spec) *Results {
	return &Results{
		Spec: spec, lengths: map[cell]map[int]*lengthMeans{}, slopes: map[cell][]float64{},
		ranks: map[plan.Model]*rankSamples{},
	}
}

// Ranked are the load and policy of which all latencies are kept in order: the largest load, and the
// policy load+net, or the first one where that is not among them.
func (r *Results) Ranked() (jobs int, policy placement.Policy) { return r.Spec.Ranked() }

// Add adds a simulation. They must come in their order for results to be the same to the last bit.
func (r *Results) Add(b *Block) {
	m := Mean{Jobs: b.Jobs, Policy: b.Policy, Model: b.Model, Seed: b.Seed, Chains: len(b.Rows)}
	traffic, n := 0.0, 0.0
	for i := range b.Rows {
		row, weight := &b.Rows[i], b.weight(i)
		n += weight
		m.Processing += weight * row.Processing
		m.Network += weight * row.Network
		m.Total += weight * (row.Processing + row.Network)
		traffic += weight * float64(row.Traffic)
	}
	// Without chains n is 0, and 0/0 is NaN.
	m.Processing, m.Network, m.Total, m.Traffic = m.Processing/n, m.Network/n, m.Total/n, traffic/n
	if b.Traffic > 0 {
		m.Traffic = b.Traffic
	}
	r.Means = append(r.Means, m)
	if m.Chains == 0 {
		return
	}
	r.addLengths(b)
	r.addSlope(b)
	if jobs, policy := r.Ranked(); b.Jobs == jobs && b.Policy == policy {
		r.addRanks(b)
	}
}

func (r *Results) addLengths(b *Block) {
	of, ok := r.lengths[cell{b.Jobs, b.Policy, b.Model}]
	if !ok {
		of = map[int]*lengthMeans{}
		r.lengths[cell{b.Jobs, b.Policy, b.Model}] = of
	}
	sums := &r.sums
	for i := range b.Rows {
		sums.add(b.Rows[i].Length, b.weight(i), b.Rows[i].Network)
	}
	for _, length := range sums.lengths {
		s := sums.take(length)
		if of[length] == nil {
			of[length] = &lengthMeans{}
		}
		of[length].chains += s.chains
		of[length].weight += s.weight
		of[length].sum += s.network
		of[length].means = append(of[length].means, s.network/s.weight)
	}
	sums.lengths = sums.lengths[:0]
}

// addSlope fits a line to the replication's chains, by weighted least squares; chains of one length have none.
func (r *Results) addSlope(b *Block) {
	var n, length, network, squares, products float64
	for i := range b.Rows {
		w, l := b.weight(i), float64(b.Rows[i].Length)
		n, length, network = n+w, length+float64(w*l), network+float64(w*b.Rows[i].Network)
		squares, products = squares+float64(w*l*l), products+float64(w*l*b.Rows[i].Network) // not fused
	}
	if spread := float64(n*squares) - float64(length*length); spread > 0 {
		at := cell{b.Jobs, b.Policy, b.Model}
		r.slopes[at] = append(r.slopes[at], (float64(n*products)-float64(length*network))/spread)
	}
}

// Slopes are by how much, in seconds, the network latency rises with each invocation that a chain has more: one for
// each replication that has chains of several lengths.
func (r *Results) Slopes(jobs int, policy placement.Policy, model plan.Model) []float64 {
	return r.slopes[cell{jobs, policy, model}]
}

func (r *Results) addRanks(b *Block) {
	if r.ranks[b.Model] == nil {
		r.ranks[b.Model] = &rankSamples{}
	}
	s := r.ranks[b.Model]
	r.scratch = r.scratch[:0]
	for i := range b.Rows {
		r.scratch = append(r.scratch, b.Rows[i].Processing+b.Rows[i].Network)
	}
	s.all, s.weights = append(s.all, r.scratch...), append(s.weights, b.Weights...)
	sorted, ranks := quantile.Ascending(r.scratch, b.Weights)
	for i := range s.ranks {
		s.ranks[i] = append(s.ranks[i], quantile.Weighted(sorted, ranks, rank(i)))
	}
}

func rank(i int) float64 { return float64(i) / (rankSteps - 1) }

// Samples are the values of a quantity, one for each replication that has chains.
func (r *Results) Samples(jobs int, policy placement.Policy, model plan.Model, value func(*Mean) float64) []float64 {
	var samples []float64
	for i := range r.Means {
		if m := &r.Means[i]; m.Jobs == jobs && m.Policy == policy && m.Model == model && m.Chains > 0 {
			samples = append(samples, value(m))
		}
	}
	return samples
}

// Length is the mean network latency of chains of one length.
type Length struct {
	Length  int
	Chains  int
	Weight  float64       // of the chains: of how many of the loads' jobs they tell
	Network figures.Point // s; a sample is the mean of a replication
	Means   []float64     // s, the samples; models of one policy have theirs of the same replications
	Pooled  float64       // s, the mean of the chains of all replications together, as the study has it
}

// Lengths are the mean network latencies of a load, policy and model, by length of chains, ascending.
func (r *Results) Lengths(jobs int, policy placement.Policy, model plan.Model) []Length {
	of := r.lengths[cell{jobs, policy, model}]
	var all []Length
	for _, length := range slices.Sorted(maps.Keys(of)) {
		l := of[length]
		all = append(all, Length{length, l.chains, l.weight, figures.Mean(float64(length), l.means), l.means,
			l.sum / l.weight})
	}
	return all
}

// Ranks are the total latencies, in seconds, of all jobs of a model in ascending order, at ranks from 0 to
// 1, for the load and policy that Ranked says. Y is that of all jobs taken together; the interval is that
// of the replications' own values at the rank, which at the ends is not that of all jobs.
func (r *Results) Ranks(model plan.Model) []figures.Point {
	s := r.ranks[model]
	if s == nil {
		return nil
	}
	sorted, ranks := quantile.Ascending(s.all, s.weights)
	points := make([]figures.Point, rankSteps)
	for i := range points {
		points[i] = figures.Mean(rank(i), s.ranks[i])
		points[i].Y = quantile.Weighted(sorted, ranks, rank(i))
	}
	return points
}

// Load reads the results of a campaign that is finished from its directory. With the store statesim the
// times have the six significant digits of its files.
func Load(dir string) (*Results, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		if exists(filepath.Join(dir, "samples.lp")) { // of a run, which has other figures
			return nil, fmt.Errorf("%s holds no campaign but a run: `testbed report %s` draws its figures",
				dir, shell.Quote(dir))
		}
		return nil, fmt.Errorf("%s holds no campaign, which simulate --engine statesim writes "+
			"(for the figures of a run, `testbed report RUN`): %w", dir, err)
	}
	if exists(filepath.Join(dir, JournalFile)) {
		return nil, fmt.Errorf("the campaign in %s is not finished: simulate --resume goes on with it", dir)
	}
	r := NewResults(m.Spec)
	add := func(b *Block) error {
		if len(r.Means) == m.Spec.simulations() {
			return fmt.Errorf("%s: more than its %d simulations: %w", dir, len(r.Means), errForeign)
		}
		if err := m.Spec.holds(b); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		r.Add(b)
		return nil
	}
	if m.Store == Statesim {
		err = readTexts(dir, &m.Spec, add)
	} else {
		err = readParquet(filepath.Join(dir, ParquetFile), add)
	}
	if err != nil {
		return nil, err
	}
	if len(r.Means) == 0 {
		return nil, fmt.Errorf("%s: the campaign has no simulations", dir)
	}
	return r, nil
}
