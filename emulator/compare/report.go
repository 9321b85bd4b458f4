package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/plan"
)

// Report is a comparison of one run's chains with one engine's predictions, and the form of
// comparison.json, which holds one report an engine. Times are in seconds (fields end in _s), errors are
// ratios (_ratio): 0.1 is 10 %. Differences are measured less predicted: positive where the measurement
// is longer.
type Report struct {
	Engine    string  `json:"engine"`
	Policy    string  `json:"policy"`
	Seed      uint64  `json:"bootstrap_seed"`
	Resamples int     `json:"bootstrap_resamples"`
	Method    string  `json:"interval_method"` // IntervalMethod
	Models    []Group `json:"models"`
	Lengths   []Group `json:"lengths"`
	// TauTotal is Kendall's tau of the models' means, -1 to 1; nil below two models. TauNetwork is that of network
	// latency.
	TauTotal   *float64 `json:"rank_agreement_total,omitempty"`
	TauNetwork *float64 `json:"rank_agreement_network,omitempty"`
	Ranks      []Rank   `json:"ranks,omitempty"` // of total and network; empty below two models
	Order      Order    `json:"order"`
	// OrderUndisturbed is the order without the chains that the host disturbed; nil where there are none.
	OrderUndisturbed *Order `json:"order_undisturbed,omitempty"`
	Unpredicted      int    `json:"chains_without_prediction"`
	Unmeasured       int    `json:"predictions_without_chain"`
	// PartsKnown says that the predictions have of what their steps' times consist, so that Causes tells it apart.
	PartsKnown bool       `json:"parts_known"`
	Empty      *EmptyCall `json:"empty_call,omitempty"` // what an empty function took on the same host
	Verdict    Verdict    `json:"verdict"`
	Branches   []Branches `json:"branches,omitempty"` // of models with jobs that are DAGs

	Reference string `json:"-"` // Options.Reference
}

// IntervalMethod says how the confidence intervals come about.
const IntervalMethod = "95 %, bootstrap, bias-corrected and accelerated (BCa), percentiles expanded for small samples"

// Group is a model's chains: all of them, or those of one length.
type Group struct {
	Model  plan.Model `json:"model"`
	Length int        `json:"length"` // 0: all
	Chains int        `json:"chains"`
	Errors int        `json:"errors"` // chains that failed; what follows but states leaves them out
	// Jobs are how many jobs the chains of a sample stand for: means and quantiles are of those. 0: each for itself.
	Jobs       float64  `json:"jobs,omitempty"`
	Paired     int      `json:"paired"` // chains that have a prediction
	States     States   `json:"states"`
	Total      Quantity `json:"total"`
	Network    Quantity `json:"network"`
	Processing Quantity `json:"processing"`
	Roles      []Role   `json:"roles,omitempty"`
	Attributed int      `json:"attributed"` // paired chains whose steps were all measured: those that Causes is about
	Causes     []Cause  `json:"causes,omitempty"`
	Within     int      `json:"within"` // of the pairs, chains whose total is each within the verdict's bounds
	// Disturbed are chains to which the host may have added more than the run allows. All but Undisturbed has them.
	Disturbed   int          `json:"disturbed,omitempty"`
	Undisturbed *Undisturbed `json:"undisturbed,omitempty"` // of a model with disturbed chains
	Picks       *Picks       `json:"picks,omitempty"`       // where workers were picked when they were invoked
	// Late are chains that started more than record.LateStart after they were due, LateMax is by how much at most, in s,
	// and SinceDue describes the latencies of all from when they were due; nil: none was late.
	Late     int      `json:"late,omitempty"`
	LateMax  float64  `json:"late_max_s,omitempty"`
	SinceDue *Summary `json:"latency_since_due,omitempty"`
}

// States counts checks of the states' versions.
type States struct {
	Checked int `json:"checked"`
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
}

// Quantity compares one time of the chains. Without a pair only Measured and MeasuredMean are filled.
type Quantity struct {
	Measured     Summary    `json:"measured"`
	MeasuredMean Interval   `json:"measured_mean"` // of all measured chains
	Predicted    Summary    `json:"predicted"`
	Error        ErrorStats `json:"error"`
	Difference   Interval   `json:"difference"` // mean of measured - predicted over the pairs
}

// Summary describes a distribution. Quantiles interpolate linearly.
type Summary struct {
	N      int     `json:"n"`
	Mean   float64 `json:"mean_s"`
	SD     float64 `json:"sd_s"` // with n-1; 0 below two values
	Min    float64 `json:"min_s"`
	P5     float64 `json:"p5_s"`
	P25    float64 `json:"p25_s"`
	Median float64 `json:"median_s"`
	P75    float64 `json:"p75_s"`
	P95    float64 `json:"p95_s"`
	Max    float64 `json:"max_s"`
}

// ErrorStats describes the paired error: relative, |measured - predicted| / measured, and absolute. Where
// nothing was measured (0 s) the relative error is 0 if nothing was predicted, else 1.
type ErrorStats struct {
	Median float64 `json:"median_ratio"`
	Mean   float64 `json:"mean_ratio"`
	P95    float64 `json:"p95_ratio"`
	Bias   float64 `json:"bias_ratio"` // mean with its sign

	AbsoluteMedian float64 `json:"median_s"`
	AbsoluteMean   float64 `json:"mean_s"`
	AbsoluteP95    float64 `json:"p95_s"`
	AbsoluteBias   float64 `json:"bias_s"` // mean with its sign
}

// Interval is a mean and its confidence interval (IntervalMethod).
type Interval struct {
	Mean float64 `json:"mean_s"`
	Low  float64 `json:"low_s"`
	High float64 `json:"high_s"`
}

// Share is a ratio with its confidence interval.
type Share struct {
	Ratio float64 `json:"ratio"`
	Low   float64 `json:"low_ratio"`
	High  float64 `json:"high_ratio"`
}

// Role says what the steps of one role contribute to the difference.
type Role struct {
	Role      string      `json:"role"`
	Steps     int         `json:"steps"`
	Measured  float64     `json:"measured_mean_s"` // a step
	Predicted float64     `json:"predicted_mean_s"`
	PerChain  float64     `json:"difference_per_chain_s"` // measured - predicted
	Share     float64     `json:"share_ratio"`            // of the sum of all roles' |difference|
	Causes    []RoleCause `json:"causes,omitempty"`       // in the order of CauseNames, those that this role can have

	// Of waits for instances: those that were for a start, measured and predicted. Where the prediction is the mean of
	// several replays, which differ in who is cold, it is the median of their numbers, with the least and the most.
	Cold          int     `json:"cold,omitempty"`
	ColdPredicted float64 `json:"cold_predicted,omitempty"`
	ColdLow       int     `json:"cold_predicted_low,omitempty"`
	ColdHigh      int     `json:"cold_predicted_high,omitempty"`
}

// RoleCause is what one cause contributes in the steps of one role: means a chain.
type RoleCause struct {
	Cause     CauseName `json:"cause"`
	Predicted float64   `json:"predicted_s"`
	PerChain  float64   `json:"difference_per_chain_s"`
}

// CauseName names a part of a chain's time in which an error can arise.
type CauseName string

// The causes. The first five are parts of a transfer that cannot be measured apart: their difference is
// that between the transport model's part and this engine's, so none where the engine is the transport
// model itself. What remains of a transfer's measured time is a residual. Of chains of which is known by how much the
// host may have made them longer it has three parts: HostLateness, Waiting and ModelError. Of others, such as those of
// older runs, it is Queueing, all three.
const (
	Propagation   CauseName = "propagation"   // links' delays
	Serialisation CauseName = "serialisation" // bits on links, store-and-forward
	SlowStart     CauseName = "slow start"    // waiting for the window, or for its ACKs
	RoundTrip     CauseName = "round trip"    // the second message of a state's read or write: GET, or the answer to PUT
	HostTime      CauseName = "host"          // two network stacks and HTTP, as calibrated with an empty function
	Queueing      CauseName = "queueing"      // the residual, where it cannot be told apart
	HostLateness  CauseName = "host lateness" // of what was slower than the model, at most what the host may have added
	Waiting       CauseName = "other traffic" // waiting behind it; of what was measured, of chains that overlapped others
	ModelError    CauseName = "model error"   // the rest
	Processing    CauseName = "processing"    // measured executions less those allotted
	FaaSOverhead  CauseName = "faas overhead" // the time of a chain that is in no transfer and no execution
	Parallel      CauseName = "parallel"      // of chains with branches: what their overlap takes away
	Transfers     CauseName = "transfers"     // all of a transfer's time, where the parts are not known
	ColdStart     CauseName = "cold start"    // waiting for the start of a function's instance
	InstanceQueue CauseName = "instances"     // waiting until one of those that there are is free
)

// CauseNames are all causes, in the order of reports.
var CauseNames = []CauseName{
	Propagation, Serialisation, SlowStart, RoundTrip, HostTime, Queueing, HostLateness, Waiting, ModelError,
	Processing, FaaSOverhead, Parallel, Transfers, ColdStart, InstanceQueue,
}

// Cause is what one cause contributes to the chains' time and to its error. The differences of all causes
// add up to that of the chains' total.
type Cause struct {
	Cause      CauseName `json:"cause"`
	Predicted  float64   `json:"predicted_s"`          // by this engine, mean a chain
	Measured   *float64  `json:"measured_s,omitempty"` // mean a chain; nil: it cannot be measured apart
	Difference Interval  `json:"difference"`           // mean a chain
	Share      float64   `json:"share_ratio"`          // of the sum of all causes' |mean difference|

	PredictedShare float64 `json:"predicted_share_ratio"` // Predicted / mean predicted total
}

// EmptyCall is what an empty function took on the host of the run, in seconds: medians of several calls.
type EmptyCall struct {
	Self   float64 `json:"self_s"`    // a node invokes itself
	Pair   float64 `json:"pair_s"`    // it invokes another, across the network
	Rest   float64 `json:"rest_s"`    // of Pair, what is in no transfer and no execution
	OneWay float64 `json:"one_way_s"` // of Pair, a transfer's half
}

// Rank is how far measurement and prediction order the models alike, by one quantity.
type Rank struct {
	Quantity string  `json:"quantity"`
	Models   int     `json:"models"`
	Kendall  float64 `json:"kendall"`  // tau of the models' means
	Spearman float64 `json:"spearman"` // rho of the models' means
	// Of the jobs that all models ran: how many were measured in exactly the order predicted, and, of all
	// their pairs of models, how many. Models predicted to be equal (within EqualPrediction) agree with either order.
	Jobs       int     `json:"jobs"`
	SameOrder  int     `json:"jobs_in_predicted_order"`
	Pairs      int     `json:"pairs"`
	Concordant int     `json:"pairs_in_predicted_order"`
	Agreement  float64 `json:"agreement_ratio"` // SameOrder / Jobs
}

// EqualPrediction is up to which relative difference two predictions count as equal when ranks are compared.
const EqualPrediction = 1e-6

// Verdict says in words, and in the numbers behind them, where a prediction holds.
type Verdict struct {
	Within float64 `json:"within_ratio"`
	// Comparisons are the findings that an interval decides, or leaves open: each has its own, of 95 %.
	Comparisons int       `json:"comparisons"`
	Findings    []Finding `json:"findings,omitempty"` // of total, by model, then by model and length
	Text        []string  `json:"text,omitempty"`     // sentences
}

// Outcome is what can be said of a group of chains.
type Outcome string

// The outcomes. An interval is that of the relative difference of means.
const (
	Holds  Outcome = "holds"   // the interval lies within the bounds
	Fails  Outcome = "fails"   // it lies outside of them
	Open   Outcome = "open"    // it contains a bound: more chains are needed
	TooFew Outcome = "too few" // there are fewer than LeastChains
)

// LeastChains is the number of pairs below which a verdict is not given: intervals of fewer do not keep
// what they promise.
const LeastChains = 8

// Finding is the verdict on a group.
type Finding struct {
	Model    plan.Model `json:"model"`
	Length   int        `json:"length"` // 0: all
	Chains   int        `json:"chains"` // pairs
	Outcome  Outcome    `json:"outcome"`
	Relative Share      `json:"relative_difference"` // (mean measured - mean predicted) / mean measured
	Within   int        `json:"chains_within"`       // of the pairs, those that are each within the bounds
	Cause    CauseName  `json:"largest_cause,omitempty"`
	Share    float64    `json:"largest_cause_share_ratio,omitempty"`
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

// MaxSize is the most bytes of comparison.json that are read, and maxValues the most values in it.
const (
	MaxSize   = 64 * readfile.MiB
	maxValues = 1_500_000
)

// ReadJSON reads what WriteJSON wrote: at least one report, and no more than a comparison can hold.
func ReadJSON(r io.Reader) ([]*Report, error) {
	var reports []*Report
	err := readfile.DecodeJSON(r, "comparison", readfile.Limits{Bytes: MaxSize, Values: maxValues}, &reports)
	switch {
	case err != nil:
		return nil, err
	case len(reports) == 0 || len(reports) > maxEngines || slices.Contains(reports, nil):
		return nil, fmt.Errorf("comparison: it is no list of 1 to %d reports", maxEngines)
	}
	for _, report := range reports {
		if len(report.Models) > maxModels || len(report.Lengths) > maxGroups {
			return nil, fmt.Errorf("comparison: a report of more than %d models or %d lengths of chains", maxModels, maxGroups)
		}
	}
	return reports, nil
}
