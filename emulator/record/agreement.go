package record

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"testbed/emulator/internal/printable"
)

// Agreement says whether programs gave the same results, and left the same states, under all models of a run.
type Agreement struct {
	Compared  int `json:"compared"`           // jobs that were executed under two models or more
	Differing int `json:"differing"`          // of them, those with another result or state under one of the models
	LeftOut   int `json:"left_out,omitempty"` // jobs that cannot be compared, under one model or more
	// Overlap says that chains with states that outlive them were under way side by side: in which order they changed
	// such a state may have been another under each model.
	Overlap     bool         `json:"overlap,omitempty"`
	Differences []Difference `json:"differences,omitempty"` // the first of them, MostDifferences at most
}

// MostDifferences bounds the differences that a manifest names.
const MostDifferences = 20

// Difference is a result or a state that is not the same under all models.
type Difference struct {
	Job     string            `json:"job"`
	What    string            `json:"what"`    // result of task 1 (counter), state 0
	Digests map[string]string `json:"digests"` // by model, of its content
}

// String names the models, those of one digest together.
func (d Difference) String() string {
	same := map[string][]string{}
	for _, model := range slices.Sorted(maps.Keys(d.Digests)) {
		same[d.Digests[model]] = append(same[d.Digests[model]], model)
	}
	var groups []string
	for _, digest := range slices.Sorted(maps.Keys(same)) {
		groups = append(groups, fmt.Sprintf("%s under %s", digest, strings.Join(same[digest], ", ")))
	}
	slices.Sort(groups)
	return fmt.Sprintf("%s: %s: %s", d.Job, d.What, strings.Join(groups, "; "))
}

// Lines say it in words.
func (a *Agreement) Lines() []string {
	if a == nil || a.Compared+a.LeftOut == 0 {
		return nil
	}
	line := fmt.Sprintf("Results: equal under all models, and states as well, in the %s compared",
		printable.Count(a.Compared, "job"))
	switch {
	case a.Compared == 0:
		line = "Results: none was compared between models"
	case a.Differing > 0:
		line = fmt.Sprintf("Results DIFFER between models in %d of %s: a function is not deterministic, or its state "+
			"is not at one place", a.Differing, printable.Count(a.Compared, "job"))
		if a.Overlap {
			line += ", or chains that change one state were executed in another order"
		}
	}
	if a.LeftOut > 0 {
		line += fmt.Sprintf("; %d not compared: they failed, or one that failed or was repeated had changed their client's "+
			"state before", a.LeftOut)
	}
	lines := []string{line}
	for _, d := range a.Differences {
		lines = append(lines, "  "+d.String())
	}
	return lines
}
