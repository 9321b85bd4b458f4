package campaign

import (
	"encoding/csv"
	"io"
	"strconv"

	"testbed/emulator/report/figures"
)

// WriteSummary writes a row for each simulation: the means over its chains, with nine significant digits.
func (r *Results) WriteSummary(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{ // out remembers a failure
		"jobs", "policy", "model", "seed", "chains", "processing_s", "network_s", "total_s", "traffic_byte_hops",
	})
	for i := range r.Means {
		m := &r.Means[i]
		_ = out.Write([]string{
			strconv.Itoa(m.Jobs), string(m.Policy), string(m.Model), strconv.FormatUint(m.Seed, 10), strconv.Itoa(m.Chains),
			figures.Number(m.Processing), figures.Number(m.Network), figures.Number(m.Total), figures.Number(m.Traffic),
		})
	}
	out.Flush()
	return out.Error()
}

// WriteLengths writes the mean network latency of each load, policy, model and length of chains, with its
// 95 % confidence interval over replications.
func (r *Results) WriteLengths(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{ // out remembers a failure
		"jobs", "policy", "model", "length", "chains", "replications", "network_s", "ci95_low", "ci95_high",
	})
	for _, jobs := range r.Spec.Jobs {
		for _, policy := range r.Spec.Policies {
			for _, model := range r.Spec.Models {
				for _, l := range r.Lengths(jobs, policy, model) {
					_ = out.Write([]string{
						strconv.Itoa(jobs), string(policy), string(model), strconv.Itoa(l.Length), strconv.Itoa(l.Chains),
						strconv.Itoa(l.Network.Samples), figures.Number(l.Network.Y),
						figures.Number(l.Network.Low), figures.Number(l.Network.High),
					})
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}
