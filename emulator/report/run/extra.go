package run

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"testbed/emulator/record"
)

// Fact is a name with a value.
type Fact struct{ Name, Value string }

// known are the manifest's fields that have a place of their own in the report.
var known = []string{"run", "testbed", "scenario", "file", "seed", "version", "kernel", "runtime", "fabric", "arrival", "compute", "tcp",
	"queues", "fidelity", "overhead", "models", "samples", "mirrors", "start", "end", "exit", "error", "events"}

// readExtra takes the manifest's fields that this package does not know: the next version's may say
// something that people want to read.
func (r *Run) readExtra() {
	text, err := os.ReadFile(filepath.Join(r.Dir, record.ManifestFile))
	fields := map[string]any{}
	if err != nil || json.Unmarshal(text, &fields) != nil {
		return
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
