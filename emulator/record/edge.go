package record

import "testbed/emulator/plan"

// Edge is what a model's chains carried over the links to and from the cloud.
type Edge struct {
	Model   string           `json:"model"`
	Chains  int              `json:"chains"`
	Planned plan.EdgeTraffic `json:"planned"` // of these chains: payload, each transfer once
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

// PerJob is a planned sum as the mean of the chains.
func (e *Edge) PerJob(sum int64) float64 { return float64(sum) / float64(max(e.Chains, 1)) }

// PerAttempt is a measured sum as the mean of the attempts.
func (e *Edge) PerAttempt(sum int64) float64 {
	if e.Attempts == 0 {
		return e.PerJob(sum)
	}
	return float64(sum) / float64(e.Attempts)
}

// Cost is what a million jobs cost as planned: by payload, and by what was measured on the links; 0 where it was not.
func (e *Edge) Cost() (planned, measured float64) {
	if e.Prices == nil {
		return 0, 0
	}
	const million, gb = 1e6, 1e9
	requests := e.PerJob(e.Planned.MessagesOut) * e.Prices.Requests // of a million jobs
	of := func(out, in float64) float64 {
		return requests + million/gb*(out*e.Prices.Ingress+in*e.Prices.Egress)
	}
	planned = of(e.PerJob(e.Planned.Out), e.PerJob(e.Planned.In))
	if m := e.Measured; m != nil {
		measured = of(e.PerAttempt(m.Out), e.PerAttempt(m.In))
	}
	return planned, measured
}
