package cli

import "testbed/emulator/predict"

// prediction is a prediction as `simulate -f json` prints it. Its names are those of prediction.csv.
type prediction struct {
	Engine     string          `json:"engine"`
	Job        string          `json:"job"`
	Index      int             `json:"index"` // of the job in its workload
	Model      string          `json:"model"`
	Total      float64         `json:"total_s"`
	Network    float64         `json:"network_s"`
	Processing float64         `json:"processing_s"`
	Traffic    int64           `json:"traffic_byte_hops"`
	Steps      []predictedStep `json:"steps"`
	Starts     []int           `json:"starts,omitempty"` // invocations that wait for a start, in each replay
}

// predictedStep is a step of it, from the chain's begin on.
type predictedStep struct {
	Index int             `json:"index"` // in the plan
	Start float64         `json:"start_s"`
	End   float64         `json:"end_s"`
	Parts *predictedParts `json:"parts,omitempty"` // of the step's duration; absent: the engine does not say
}

type predictedParts struct {
	Propagation   int64 `json:"propagation_ps"`
	Serialisation int64 `json:"serialisation_ps"`
	SlowStart     int64 `json:"slow_start_ps"`
	RoundTrip     int64 `json:"round_trip_ps"`
	Host          int64 `json:"host_ps"`
	Processing    int64 `json:"processing_ps"`
	Queueing      int64 `json:"queueing_ps"`
}

func newPredictions(all []predict.Prediction) []prediction {
	out := make([]prediction, len(all))
	for i := range all {
		p := &all[i]
		out[i] = prediction{Engine: p.Engine, Job: p.Job, Index: p.Index, Model: string(p.Model), Total: p.Total,
			Network: p.Network, Processing: p.Processing, Traffic: p.Traffic, Steps: make([]predictedStep, len(p.Steps)),
			Starts: p.Starts}
		for k, s := range p.Steps {
			out[i].Steps[k] = predictedStep{Index: s.Index, Start: s.Start, End: s.End}
			if k < len(p.Parts) {
				out[i].Steps[k].Parts = newPredictedParts(&p.Parts[k])
			}
		}
	}
	return out
}

func newPredictedParts(p *predict.Parts) *predictedParts {
	return &predictedParts{Propagation: p.Propagation, Serialisation: p.Serialisation, SlowStart: p.SlowStart,
		RoundTrip: p.RoundTrip, Host: p.Host, Processing: p.Processing, Queueing: p.Queueing}
}
