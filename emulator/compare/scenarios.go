package compare

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"testbed/emulator/plan"
)

// Change is a key in which the scenarios of two runs differ.
type Change struct {
	Key   string `json:"key"`   // its path: topology.links.uplink.rate
	First string `json:"first"` // its value in the first run; empty: it is not there
	This  string `json:"this"`  // in this one, likewise
}

// maxKeys bounds what is held of a scenario.
const maxKeys = 500_000

// Describe tells the run what its scenario says, as its manifest has it with all defaults resolved, and the hashes of
// the files that it was read with, by their keys.
func (r *Run) Describe(scenario json.RawMessage, inputs map[string]string) {
	var value any
	if json.Unmarshal(scenario, &value) != nil {
		return
	}
	r.keys = map[string]string{}
	flatten(r.keys, "", value)
	for key, hash := range inputs {
		r.keys[key+" (content)"] = hash
	}
}

// flatten lists the values below a path by their own paths.
func flatten(into map[string]string, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			flatten(into, strings.TrimPrefix(path+"."+key, "."), inner)
		}
	case []any:
		flattenList(into, path, v)
	default:
		if len(into) < maxKeys {
			into[path] = fmt.Sprint(v)
		}
	}
}

// flattenList lists elements by their names, where they have any, or by their numbers; a list of words is one value.
func flattenList(into map[string]string, path string, list []any) {
	var words []string
	for i, inner := range list {
		m, section := inner.(map[string]any)
		if !section {
			words = append(words, fmt.Sprint(inner))
			continue
		}
		at := "[" + strconv.Itoa(i) + "]"
		if name, ok := m["name"].(string); ok {
			at = "." + name
		}
		flatten(into, path+at, inner)
	}
	if len(words) > 0 && len(into) < maxKeys {
		into[path] = strings.Join(words, ", ")
	}
}

// changes are the keys in which the run's scenario differs from the first one's.
func (r *Run) changes(first *Run) []Change {
	if r.keys == nil || first.keys == nil {
		return nil
	}
	all := maps.Clone(first.keys)
	maps.Copy(all, r.keys)
	var found []Change
	for key := range all {
		if a, b := first.keys[key], r.keys[key]; a != b {
			found = append(found, Change{Key: key, First: a, This: b})
		}
	}
	slices.SortFunc(found, func(a, b Change) int { return cmp.Compare(a.Key, b.Key) })
	return found
}

// drawing are the keys of a workload that decide which of its jobs there are, and who issues them: not what a job is.
var drawing = []string{"workload.jobs", "workload.seed", "workload.min-length", "workload.max-length",
	"workload.clients", "workload.strict"}

// sameJobs says whether a job of one name is the same job in both runs: their workloads come from one source.
func (r *Run) sameJobs(first *Run) bool {
	return r.keys != nil && first.keys != nil && !slices.ContainsFunc(r.changes(first), func(c Change) bool {
		return strings.HasPrefix(c.Key, "workload.") && !slices.Contains(drawing, c.Key)
	})
}

// pairing is by what the chains of two runs are paired.
type pairing uint8

const (
	unpaired pairing = iota
	byIndex          // the two runs have the same jobs in the same order
	byJob            // jobs of one name and length are the same, wherever both runs have them
)

// id is what a chain is paired by.
type id struct {
	index int32
	job   string
}

func (s *sample) id(by pairing) id {
	if by == byJob {
		return id{s.length, s.job}
	}
	return id{index: s.index}
}

// modelJob is a chain's job under a model.
type modelJob struct {
	model plan.Model
	id
}

// pairing finds out by what two runs' chains can be paired.
func (r *Run) pairing(first *Run) pairing {
	if r.pairs(first) {
		return byIndex
	}
	if !r.sameJobs(first) {
		return unpaired
	}
	known := map[modelJob]bool{}
	for i := range first.samples {
		known[modelJob{first.samples[i].model, first.samples[i].id(byJob)}] = true
	}
	for i := range r.samples {
		if known[modelJob{r.samples[i].model, r.samples[i].id(byJob)}] {
			return byJob
		}
	}
	return unpaired
}
