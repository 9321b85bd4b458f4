package study

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"testbed/emulator/campaign"
	"testbed/emulator/compare"
	"testbed/emulator/internal/printable"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/report/figures"
)

// Statement is what the study states in words, and what a campaign says to it.
type Statement struct {
	Engine    string `json:"engine,omitempty"` // that computed the results, where several did
	Claim     string `json:"claim"`
	Criterion string `json:"criterion"` // when the claim counts as true
	// Decision is what the 95 % intervals of the comparisons that it takes say together; empty: it is not checked.
	Decision    compare.Decision `json:"verdict,omitempty"`
	Holds       bool             `json:"holds"`             // Decision is yes
	Comparisons int              `json:"comparisons"`       // of which each has its own interval
	Numbers     string           `json:"numbers"`           // that decide
	Missing     string           `json:"missing,omitempty"` // what the campaign lacks for a verdict
}

// Verdict is "holds", "does not hold", "undecided" or, where the campaign lacks what the statement is about, "not
// checked".
func (s *Statement) Verdict() string {
	switch {
	case s.Missing != "":
		return "not checked"
	case s.Decision == compare.Yes:
		return "holds"
	case s.Decision == compare.No:
		return "does not hold"
	}
	return "undecided"
}

// Reason is the numbers that decide or, where there are none, what is missing.
func (s *Statement) Reason() string {
	if s.Missing != "" {
		return s.Missing
	}
	return s.Numbers
}

// The study's words turned into numbers.
const (
	muchHigher = 1.5  // "much higher": at least by this factor
	slightly   = 1.25 // "slightly": at most by this factor
	farBelow   = 0.5  // "far below": at most this part
	departs    = 2.0  // "departs": by this many times what the models differ on average
	departsBy  = 0.10 // the same as a share of the smaller one
	longest    = 0.9  // "the longest chains": those longer than this part of all chains
	similar    = 1.5  // "similar": the largest at most this times the smallest
	farther    = 1.25 // "to the centre": at least this times the links between clients and functions
)

// check is one statement with what it takes to decide it.
type check struct {
	claim, criterion string
	policies         []placement.Policy
	decide           func(r *campaign.Results) (is decision, numbers string)
}

// checks are the study's statements, in its order.
var checks = []check{
	{
		"external and in-edge have a much higher latency than the others",
		fmt.Sprintf("largest load, load+net: the mean total latency of either is at least %g times that of in-function "+
			"and of in-client, and so is the interval of the ratio", muchHigher),
		[]placement.Policy{placement.LoadNet}, muchHigherLatency,
	},
	{
		"in-function is slightly better than in-client",
		fmt.Sprintf("largest load, load+net: mean total latency of in-client over that of in-function above 1 and at "+
			"most %g, with its interval", slightly),
		[]placement.Policy{placement.LoadNet}, slightlyBetter,
	},
	{
		"traffic under load+net is far below that under load",
		fmt.Sprintf("every load and model: traffic under load+net at most %g of that under load, with its interval",
			farBelow),
		[]placement.Policy{placement.Load, placement.LoadNet}, farLessTraffic,
	},
	{
		"in-edge is the worst in traffic under load+net",
		"every load, load+net: traffic of in-edge above that of each other model, with the interval of the ratio",
		[]placement.Policy{placement.LoadNet}, worstTraffic,
	},
	{
		"in-client departs from in-function only for the longest chains (difference in seconds)",
		fmt.Sprintf("largest load, load+net: the mean network latencies differ by more than %g times their mean "+
			"difference for some lengths, all of them longer than %.0f %% of the chains, each by its interval",
			departs, longest*100),
		[]placement.Policy{placement.LoadNet}, departsInSeconds,
	},
	{
		"in-client departs from in-function only for the longest chains (difference as a share)",
		fmt.Sprintf("largest load, load+net: the mean network latencies differ by more than %.0f %% of in-function's "+
			"for some lengths, all of them longer than %.0f %% of the chains, each by its interval",
			departsBy*100, longest*100),
		[]placement.Policy{placement.LoadNet}, departsAsShare,
	},
	{
		"in-client has the most traffic under load",
		"every load, the policy load: traffic of in-client above that of each other model, with the interval of the " +
			"ratio",
		[]placement.Policy{placement.Load}, mostTraffic,
	},
	{
		"traffic rises slightly with the load",
		fmt.Sprintf("every policy and model: traffic at the largest load over that at the smallest above 1 and at most %g, "+
			"with its interval", slightly),
		[]placement.Policy{placement.Load, placement.LoadNet}, risesSlightly,
	},
	{
		"the traffic of the other models is similar under load+net",
		fmt.Sprintf("every load, load+net: traffic of in-client and of external at most %g times that of in-function, with "+
			"its interval", similar),
		[]placement.Policy{placement.LoadNet}, othersSimilar,
	},
	{
		"functions go to the centre as the load grows",
		fmt.Sprintf("load+net: in-function's traffic, the bytes of the calls times their links, at the largest load at "+
			"least %g times that at the smallest, with its interval", farther),
		[]placement.Policy{placement.Load, placement.LoadNet}, toTheCentre,
	},
	{
		"latency grows with the length of the chain",
		"largest load, load+net, every model: the slope of the network latency over the length, fitted to the chains of a " +
			"replication, is above 0, with its interval over the replications",
		[]placement.Policy{placement.LoadNet}, growsWithLength,
	},
}

// Statements checks what the study states in words.
func Statements(r *campaign.Results) []Statement {
	all := make([]Statement, len(checks))
	for i, c := range checks {
		all[i] = Statement{Claim: c.claim, Criterion: c.criterion}
		if all[i].Missing = missing(r, c.policies); all[i].Missing == "" {
			is, numbers := c.decide(r)
			all[i].Decision, all[i].Holds, all[i].Comparisons = is.verdict, is.verdict == compare.Yes, is.comparisons
			all[i].Numbers = numbers + "; " + counted(is.comparisons)
		}
	}
	return all
}

func counted(comparisons int) string {
	return printable.Count(comparisons, "comparison")
}

// missing says what a campaign would need besides.
func missing(r *campaign.Results, policies []placement.Policy) string {
	var lacks []string
	for _, m := range plan.Study {
		if !slices.Contains(r.Spec.Models, m) {
			lacks = append(lacks, string(m))
		}
	}
	for _, p := range policies {
		if !slices.Contains(r.Spec.Policies, p) {
			lacks = append(lacks, string(p))
		}
	}
	if r.Spec.Replications < 2 {
		lacks = append(lacks, "a second replication")
	}
	if jobs, policy := r.Ranked(); len(lacks) == 0 && len(r.Lengths(jobs, policy, plan.InFunction)) == 0 {
		lacks = append(lacks, "chains")
	}
	if len(lacks) == 0 {
		return ""
	}
	return "the campaign lacks " + strings.Join(lacks, ", ")
}

// cell names the simulations that a ratio is about.
type cell struct {
	jobs   int
	policy placement.Policy
	model  plan.Model
}

// ratio is the mean of the replications' ratios of a quantity, with its interval. The models, and the
// policies, of one seed share its jobs, so that their replications are pairs.
func ratio(r *campaign.Results, value func(*campaign.Mean) float64, above, below cell) figures.Point {
	numerators := r.Samples(above.jobs, above.policy, above.model, value)
	denominators := r.Samples(below.jobs, below.policy, below.model, value)
	ratios := make([]float64, min(len(numerators), len(denominators)))
	for i := range ratios {
		ratios[i] = numerators[i] / denominators[i]
	}
	return figures.Mean(0, ratios)
}

func total(m *campaign.Mean) float64      { return m.Total }
func trafficOf(m *campaign.Mean) float64  { return m.Traffic }
func show(p figures.Point) string         { return fmt.Sprintf("%.3f (%.3f to %.3f)", p.Y, p.Low, p.High) }
func mean(samples []float64) float64      { return figures.Mean(0, samples).Y }
func milliseconds(seconds float64) string { return fmt.Sprintf("%.1f ms", seconds*1e3) }

// WriteTable writes statements as a table in Markdown.
func WriteTable(w io.Writer, statements []Statement) error {
	text := "| the study states | | numbers | criterion |\n|---|---|---|---|\n"
	for _, s := range statements {
		text += fmt.Sprintf("| %s | **%s** | %s | %s |\n", s.Claim, s.Verdict(), s.Reason(), s.Criterion)
	}
	_, err := io.WriteString(w, text)
	return err
}
