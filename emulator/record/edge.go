package record

import (
	"cmp"

	"testbed/emulator/plan"
)

// Edge is what a model's chains carried over the links to and from the cloud.
type Edge struct {
	Model   string           `json:"model"`
	Chains  int              `json:"chains"`
	Planned plan.EdgeTraffic `json:"planned"` // of these chains: payload, each transfer once
	// Jobs are how many jobs the chains of a sample stand for, by their weights, and Job is what is planned of those, a
	// job on average. 0 and nil: each chain is its own job.
	Jobs float64        `json:"jobs,omitempty"`
	Job  *plan.EdgeMean `json:"planned_per_job,omitempty"`
	// Attempts are the chains that were carried out, those included that were disturbed and made again.
	Attempts int `json:"attempts,omitempty"`
	// Measured are the links' counters, from the first attempt to the last: Ethernet frames, with headers, ACKs, and what
	// was repeated. nil: they were not to be had.
	Measured *EdgeCount `json:"measured,omitempty"`
	Error    string     `json:"error,omitempty"` // why not
	// JobsPerHour is how often jobs arrive by the workload's own times; 0: not known.
	JobsPerHour float64 `json:"jobs_per_hour,omitempty"`
	// Prices are those of the scenario; nil: it has none.
	Prices *Prices `json:"prices,omitempty"`
}

// EdgeCount is what links have carried: bytes of Ethernet frames.
type EdgeCount struct {
	Out        int64 `json:"out_bytes"`
	In         int64 `json:"in_bytes"`
	PacketsOut int64 `json:"out_packets"`
	PacketsIn  int64 `json:"in_packets"`
}

// Less is what was added since other.
func (c EdgeCount) Less(other EdgeCount) EdgeCount {
	return EdgeCount{c.Out - other.Out, c.In - other.In, c.PacketsOut - other.PacketsOut, c.PacketsIn - other.PacketsIn}
}

// Prices are those of traffic with the cloud, in any currency.
type Prices struct {
	Egress   float64 `json:"egress_per_gb"`  // from the cloud to the edge
	Ingress  float64 `json:"ingress_per_gb"` // from the edge to the cloud
	Requests float64 `json:"requests_per_million"`
}

// PlannedPerJob is what is planned of a job on average: of all for which the chains stand.
func (e *Edge) PlannedPerJob() plan.EdgeMean {
	if e.Job != nil {
		return *e.Job
	}
	return e.perChain()
}

// perChain is what is planned of a chain on average.
func (e *Edge) perChain() plan.EdgeMean { return e.Planned.Mean(float64(max(e.Chains, 1))) }

// MeasuredPerJob is what links counted, in bytes of a job on average; 0 where that is not known. Of a sample it is not
// known which chain sent what: what was counted of its attempts is scaled by what is planned of jobs and of its chains.
func (e *Edge) MeasuredPerJob() (out, in float64) {
	if e.Measured == nil {
		return 0, 0
	}
	attempts, job, chain := float64(max(cmp.Or(e.Attempts, e.Chains), 1)), e.PlannedPerJob(), e.perChain()
	messages := ratio(job.MessagesOut+job.MessagesIn, chain.MessagesOut+chain.MessagesIn, 1)
	out = float64(e.Measured.Out) / attempts * ratio(job.Out, chain.Out, messages)
	in = float64(e.Measured.In) / attempts * ratio(job.In, chain.In, messages)
	return out, in
}

// ratio is a / b, or something else where there is none.
func ratio(a, b, otherwise float64) float64 {
	if a > 0 && b > 0 {
		return a / b
	}
	return otherwise
}

// Cost is what a million jobs cost as planned: by payload, and by what was measured on the links; 0 where it was not.
func (e *Edge) Cost() (planned, measured float64) {
	if e.Prices == nil {
		return 0, 0
	}
	const million, gb = 1e6, 1e9
	job := e.PlannedPerJob()
	requests := job.MessagesOut * e.Prices.Requests // of a million jobs
	of := func(out, in float64) float64 {
		return requests + million/gb*(out*e.Prices.Ingress+in*e.Prices.Egress)
	}
	planned = of(job.Out, job.In)
	if e.Measured != nil {
		measured = of(e.MeasuredPerJob())
	}
	return planned, measured
}
