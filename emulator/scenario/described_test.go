package scenario

import (
	"encoding/json"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
)

// Every key says what it means, in whole sentences.
func TestEveryKeyIsDescribed(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(Schema(builtin.Catalogue()), &schema); err != nil {
		t.Fatal(err)
	}
	keys := 0
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(path, one)
			}
		case map[string]any:
			properties, _ := v["properties"].(map[string]any)
			if _, section := v["additionalProperties"]; section {
				for key, value := range properties {
					keys++
					described, _ := value.(map[string]any)["description"].(string)
					if len(described) < 15 || !strings.HasSuffix(described, ".") {
						t.Errorf("%s/%s is described by %q", path, key, described)
					}
				}
			}
			for key, value := range v {
				walk(path+"/"+key, value)
			}
		}
	}
	walk("", schema)
	if keys < 120 {
		t.Errorf("only %d keys were found", keys)
	}
	trace, _ := json.Marshal(schema["$defs"].(map[string]any)["Workload"])
	for _, column := range append(strings.Split("arrival_s,job,task,duration_s,cpu,mem,instances", ","), "A state is") {
		if !strings.Contains(string(trace), column) {
			t.Errorf("%s is not explained", column)
		}
	}
}
