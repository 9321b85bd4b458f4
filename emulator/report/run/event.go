package run

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"testbed/emulator/record"
)

// Fact is a name with a value.
type Fact struct{ Name, Value string }

// known are the manifest's fields that have a place of their own in the report.
var known = []string{"run", "testbed", "scenario", "file", "seed", "version", "kernel", "runtime", "fabric", "arrival", "compute", "tcp",
	"queues", "fidelity", "overhead", "models", "samples", "mirrors", "start", "end", "exit", "error", "events"}

// readExtra takes the manifest's events, in whatever form they have, and all other fields that this
// package does not know: the next version's may say something that people want to read.
func (r *Run) readExtra() {
	text, err := os.ReadFile(filepath.Join(r.Dir, record.ManifestFile))
	fields := map[string]any{}
	if err != nil || json.Unmarshal(text, &fields) != nil {
		return
	}
	events, _ := fields["events"].([]any)
	for _, e := range events {
		if object, ok := e.(map[string]any); ok {
			r.Events = append(r.Events, eventOf(object))
		}
	}
	for _, name := range known {
		delete(fields, name)
	}
	r.flatten("", fields)
}

// mostExtra bounds the number of facts.
const mostExtra = 40

// flatten takes single values, with the names that lead to them.
func (r *Run) flatten(prefix string, fields map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		full := strings.TrimSpace(prefix + " " + strings.ReplaceAll(name, "_", " "))
		switch v := fields[name].(type) {
		case map[string]any:
			r.flatten(full, v)
		case string, float64, bool:
			if len(r.Extra) < mostExtra {
				r.Extra = append(r.Extra, Fact{full, fmt.Sprint(v)})
			}
		}
	}
}

// Mirrored says what the mirrors have taken, by name.
func (r *Run) Mirrored() map[string]string {
	out := map[string]string{}
	for name, c := range r.Manifest.Mirrors {
		out[name] = fmt.Sprintf("%d", c.Written)
		if c.Dropped > 0 {
			out[name] += fmt.Sprintf(", %d not", c.Dropped)
		}
	}
	return out
}

// Times of events are under these names.
var (
	scheduledNames = []string{"scheduled_s", "scheduled_ns", "scheduled", "at_s", "at_ns", "at"}
	actualNames    = []string{"actual_s", "actual_ns", "actual", "executed_s", "executed_ns", "executed"}
)

// eventOf puts an event into words.
func eventOf(e map[string]any) Event {
	out := Event{Scheduled: take(e, scheduledNames), Actual: take(e, actualNames)}
	var what []string
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if v := e[name]; v != nil && v != "" {
			what = append(what, fmt.Sprintf("%s %v", strings.ReplaceAll(name, "_", " "), v))
		}
	}
	out.What = strings.Join(what, ", ")
	return out
}

// take removes the first of the names and gives its value as text.
func take(e map[string]any, names []string) string {
	for _, name := range names {
		v, ok := e[name]
		if !ok {
			continue
		}
		delete(e, name)
		number, isNumber := v.(float64)
		switch {
		case isNumber && strings.HasSuffix(name, "_ns"):
			return time.Duration(number).String()
		case isNumber:
			return fmt.Sprintf("%.3f s", number)
		}
		return fmt.Sprint(v)
	}
	return ""
}
