package run

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/record"
)

// Fact is a name with a value.
type Fact struct{ Name, Value string }

// familiar are the manifest's fields that have a place of their own in the report.
var familiar = []string{"run", "testbed", "scenario", "file", "seed", "version", "kernel", "runtime", "fabric",
	"arrival", "compute", "tcp",
	"queues", "fidelity", "overhead", "models", "samples", "mirrors", "validity", "start", "end", "exit",
	"error", "events",
	"sampling", "inputs", "omitted", "files", "sealed"}

// readExtra takes the manifest's fields that this package does not know: the next version's may say
// something that people want to read.
func (r *Run) readExtra() {
	fields := map[string]json.RawMessage{}
	most := readfile.Limits{Bytes: 64 * readfile.MiB, Values: 1_500_000}
	if readfile.JSON(filepath.Join(r.Dir, record.ManifestFile), most, &fields) != nil {
		return
	}
	for _, name := range familiar {
		delete(fields, name)
	}
	extra := map[string]any{}
	for name, text := range fields {
		var value any
		if len(text) <= longestExtra && json.Unmarshal(text, &value) == nil {
			extra[name] = value
		}
	}
	r.flatten("", extra)
}

const (
	mostExtra    = 40       // facts
	longestExtra = 64 << 10 // bytes of a field of the manifest
)

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
