package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"testbed/emulator/internal/printable"
)

// judge says of every group, by its total, whether the prediction holds within the bounds, and puts it into words.
func (r *Report) judge(within float64) {
	r.Verdict = Verdict{Within: within}
	for _, list := range [][]Group{r.Models, r.Lengths} {
		for i := range list {
			if f, ok := list[i].finding(within); ok {
				r.Verdict.Findings = append(r.Verdict.Findings, f)
				if f.Outcome != TooFew {
					r.Verdict.Comparisons++
				}
			}
		}
	}
	r.Verdict.Text = r.words()
}

// finding is the verdict on a group; there is none without a pair.
func (g *Group) finding(within float64) (Finding, bool) {
	f := Finding{Model: g.Model, Length: g.Length, Chains: g.Paired, Outcome: TooFew}
	if g.Paired == 0 {
		return f, false
	}
	d, scale := g.Total.Difference, g.Total.Predicted.Mean+g.Total.Difference.Mean // the pairs' measured mean
	if scale > 0 {
		f.Relative = Share{d.Mean / scale, d.Low / scale, d.High / scale}
	}
	f.Within = g.Within
	switch {
	case g.Paired < LeastChains:
	case math.Abs(f.Relative.Low) <= within && math.Abs(f.Relative.High) <= within:
		f.Outcome = Holds
	case f.Relative.Low > within || f.Relative.High < -within:
		f.Outcome = Fails
	default:
		f.Outcome = Open
	}
	if c, ok := g.largest(); ok {
		f.Cause, f.Share = c.Cause, c.Share
	}
	return f, true
}

// largest is the cause with the largest mean difference, if its interval excludes 0.
func (g *Group) largest() (Cause, bool) {
	if len(g.Causes) == 0 || g.Attributed < LeastChains {
		return Cause{}, false
	}
	c := slices.MaxFunc(g.Causes, func(a, b Cause) int {
		switch x, y := math.Abs(a.Difference.Mean), math.Abs(b.Difference.Mean); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return c, c.Difference.stands()
}

// stands says whether the interval excludes 0, and the mean more than rounding.
func (i Interval) stands() bool {
	const nanosecond = 1e-9
	return (i.Low > 0 || i.High < 0) && math.Abs(i.Mean) > nanosecond
}

// words are the verdict in sentences: by model, then where lengths differ from their model's outcome.
func (r *Report) words() []string {
	var text []string
	name := r.Engine
	if name == "" {
		return []string{"Nothing was predicted."}
	}
	for _, f := range r.Verdict.Findings {
		if f.Length == 0 {
			text = append(text, f.sentence(name, r.Verdict.Within)+r.lengths(f)+f.because())
		}
	}
	if len(text) == 0 {
		return []string{fmt.Sprintf("No chain has a prediction of %s.", name)}
	}
	if n := r.Verdict.Comparisons; n > 1 {
		text = append(text, fmt.Sprintf("That %s holds was asked %s, of models and their lengths, each with an "+
			"interval of 95 %%: of twenty intervals, one misses.", name, printable.Count(n, "time")))
	}
	return text
}

func (f *Finding) sentence(engine string, within float64) string {
	bound := trim(100*within) + " %"
	at := fmt.Sprintf("%s: over %s the mean differs by %s", f.Model, chains(f.Chains), f.Relative.words())
	switch f.Outcome {
	case Holds:
		return fmt.Sprintf("%s, so %s holds within %s on average; %d of the chains are each within it.",
			at, engine, bound, f.Within)
	case Fails:
		return fmt.Sprintf("%s, so %s does not hold within %s; %d of the chains are each within it.",
			at, engine, bound, f.Within)
	case Open:
		return fmt.Sprintf("%s; whether %s holds within %s is open, more chains are needed.", at, engine, bound)
	default:
		return fmt.Sprintf("%s: too few chains (%d, at least %d are needed) to say whether %s holds within %s.",
			f.Model, f.Chains, LeastChains, engine, bound)
	}
}

// lengths names the chain lengths of a model by outcome, where they do not all share the model's.
func (r *Report) lengths(model Finding) string {
	by := map[Outcome][]string{}
	for _, f := range r.Verdict.Findings {
		if f.Model == model.Model && f.Length > 0 {
			by[f.Outcome] = append(by[f.Outcome], fmt.Sprint(f.Length))
		}
	}
	if len(by) == 0 || len(by) == 1 && by[model.Outcome] != nil {
		return ""
	}
	var parts []string
	for _, o := range []Outcome{Holds, Fails, Open, TooFew} {
		if list := by[o]; len(list) > 0 {
			parts = append(parts, string(o)+" at "+strings.Join(list, ", "))
		}
	}
	return " By chain length: " + strings.Join(parts, "; ") + "."
}

func (f *Finding) because() string {
	switch {
	case f.Outcome == TooFew:
		return ""
	case f.Cause == "":
		return " No cause of error stands out of the noise."
	}
	return fmt.Sprintf(" The largest cause of error is %s (%.0f %%).", f.Cause, 100*f.Share)
}

func (s Share) words() string {
	return fmt.Sprintf("%+.1f %% [%+.1f, %+.1f]", 100*s.Ratio, 100*s.Low, 100*s.High)
}

func chains(n int) string {
	return printable.Count(n, "chain")
}

// trim writes a number without needless digits.
func trim(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") }
