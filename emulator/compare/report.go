package compare

import (
	"encoding/json"
	"fmt"
	"io"

	"testbed/emulator/plan"
)

// Report is a comparison, and the form of comparison.json. Times are in seconds (fields end in _s),
// errors are ratios (_ratio): 0.1 is 10 %.
type Report struct {
	Engine      string   `json:"engine"`
	Policy      string   `json:"policy"`
	Seed        uint64   `json:"bootstrap_seed"`
	Models      []Group  `json:"models"`
	Lengths     []Group  `json:"lengths"`
	TauTotal    *float64 `json:"rank_agreement_total,omitempty"`   // Kendall's tau of the models' means; nil below two models
	TauNetwork  *float64 `json:"rank_agreement_network,omitempty"` // the same of network latency
	Order       Order    `json:"order"`
	Unpredicted int      `json:"chains_without_prediction"`
	Unmeasured  int      `json:"predictions_without_chain"`
}

// Group is a model's chains: all of them, or those of one length.
type Group struct {
	Model      plan.Model `json:"model"`
	Length     int        `json:"length"` // 0: all
	Chains     int        `json:"chains"`
	Errors     int        `json:"errors"` // chains that failed; what follows but states leaves them out
	Paired     int        `json:"paired"` // chains that have a prediction
	States     States     `json:"states"`
	Total      Quantity   `json:"total"`
	Network    Quantity   `json:"network"`
	Processing Quantity   `json:"processing"`
	Roles      []Role     `json:"roles,omitempty"`
}

// States counts checks of the states' versions.
type States struct {
	Checked int `json:"checked"`
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
}

// Quantity compares one time of the chains. Without a pair only Measured is filled.
type Quantity struct {
	Measured   Summary    `json:"measured"`
	Predicted  Summary    `json:"predicted"`
	Error      ErrorStats `json:"error"`
	Difference Interval   `json:"difference"` // mean of measured - predicted over the pairs, with its 95 % confidence interval
}

// Summary describes a distribution.
type Summary struct {
	Mean   float64 `json:"mean_s"`
	Median float64 `json:"median_s"`
	P95    float64 `json:"p95_s"`
}

// ErrorStats describes the paired relative error |measured - predicted| / measured. Where nothing
// was measured (0 s) it is 0 if nothing was predicted, else 1.
type ErrorStats struct {
	Median float64 `json:"median_ratio"`
	Mean   float64 `json:"mean_ratio"`
	P95    float64 `json:"p95_ratio"`
	Bias   float64 `json:"bias_ratio"` // mean with its sign: positive where measured is longer
}

// Interval is a mean and its bootstrap confidence interval (percentiles).
type Interval struct {
	Mean float64 `json:"mean_s"`
	Low  float64 `json:"low_s"`
	High float64 `json:"high_s"`
}

// Role says what the steps of one role contribute to the difference.
type Role struct {
	Role      string  `json:"role"`
	Steps     int     `json:"steps"`
	Measured  float64 `json:"measured_mean_s"` // a step
	Predicted float64 `json:"predicted_mean_s"`
	PerChain  float64 `json:"difference_per_chain_s"` // measured - predicted
	Share     float64 `json:"share_ratio"`            // of the sum of all roles' |difference|
}

// Order is whether the models are ordered by network latency as the study found.
type Order struct {
	Holds     bool       `json:"holds"` // every relation that could be tested holds, and at least one could
	Relations []Relation `json:"relations"`
}

// Relation compares two models' measured mean network latency. The difference is over chains that
// both models ran; > demands that it is positive, >= that its confidence interval reaches 0.
type Relation struct {
	Left       plan.Model `json:"left"`
	Relation   string     `json:"relation"`
	Right      plan.Model `json:"right"`
	LeftMean   float64    `json:"left_mean_s"`
	RightMean  float64    `json:"right_mean_s"`
	Difference Interval   `json:"difference"`
	Chains     int        `json:"chains"` // in common
	Holds      bool       `json:"holds"`
}

// WriteJSON writes reports, one an engine, as comparison.json.
func WriteJSON(w io.Writer, reports []*Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(reports); err != nil {
		return fmt.Errorf("comparison: %w", err)
	}
	return nil
}

// ReadJSON reads what WriteJSON wrote.
func ReadJSON(r io.Reader) ([]*Report, error) {
	var reports []*Report
	if err := json.NewDecoder(r).Decode(&reports); err != nil {
		return nil, fmt.Errorf("comparison: %w", err)
	}
	return reports, nil
}
