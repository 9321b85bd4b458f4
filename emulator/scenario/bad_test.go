package scenario_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
	"testbed/emulator/scenario/scenariotest"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(scenario.Schema(builtin.Catalogue())))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(scenario.SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(scenario.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// bySchema validates a file as an editor does.
func bySchema(schema *jsonschema.Schema, file string) error {
	var value any
	if err := yaml.Unmarshal([]byte(file), &value); err != nil {
		return err
	}
	return schema.Validate(value)
}

func TestBadFiles(t *testing.T) {
	schema := compileSchema(t)
	if _, err := scenario.Parse([]byte(scenariotest.Good), "good", builtin.Catalogue()); err != nil {
		t.Fatalf("the file that bad ones are made from: %v", err)
	}
	if err := bySchema(schema, scenariotest.Good); err != nil {
		t.Fatalf("the file that bad ones are made from: %v", err)
	}
	cases := scenariotest.BadFiles()
	if len(cases) < 200 {
		t.Fatalf("only %d cases", len(cases))
	}
	structural := 0
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			_, err := scenario.Parse([]byte(c.YAML), "bad.yaml", builtin.Catalogue())
			var all scenario.Errors
			if !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("Parse gives %v for\n%s", err, c.YAML)
			}
			there := false
			for _, e := range all {
				there = there || e.Line == c.WantLine
				if e.Line < 1 || e.Column < 1 || e.Message == "" || !strings.HasPrefix(e.Error(), "bad.yaml:") {
					t.Errorf("incomplete: %+v", e)
				}
			}
			if !there {
				t.Errorf("no error is in line %d:\n%v", c.WantLine, err)
			}
			if len(all) > 4 {
				t.Errorf("one slip gives %d errors:\n%v", len(all), err)
			}
			if c.Structural && bySchema(schema, c.YAML) == nil {
				t.Errorf("the schema accepts it; Parse says %v", err)
			}
		})
		if c.Structural {
			structural++
		}
	}
	t.Logf("%d cases, %d of them for the schema", len(cases), structural)
}

// TestSchemaAcceptsGood holds schema and decoder together from the other side.
func TestSchemaAcceptsGood(t *testing.T) {
	schema := compileSchema(t)
	base := "name: x\ntopology: {synth: iiot}\ncloud: {}\n"
	for name, file := range map[string]string{
		"least":     "name: x\ntopology: {synth: iiot}\n",
		"decoder's": good,
		"parameters": "name: x\n" +
			"topology: {synth: {kind: iiot, premises: 2, racks: 1, isp-rate: 10Mbps, host-rate: 1.5 Gbps}}\n",
		"urban": "name: x\n" +
			"topology: {synth: {kind: urban-sensing, sizes: [1, 2], nucs: 0, isp-rate: {up: 1Mbit}}}\n",
		"ether": "name: x\ntopology: {ether: some/where, latencies: none}\n",
		"distribution": "name: x\n" +
			"topology: {synth: iiot, latencies: {wlan: {s: 0.3, loc: 1ms, scale: 2ms}, exchanges: 1ms}}\n",
		"zero latencies": "name: x\ntopology: {synth: iiot, latencies: {kind: none}}\n",
		"null nodes": "name: x\ntopology:\n  nodes:\n    a:\n    b:\n" +
			"  links: [{endpoints: [a, b], loss: 0.001, delay: 1m30s}]\n",
		"fractions": "name: x\ntopology:\n  nodes: {a: {cpu: 0.5}, b: {cpu: 2}}\n" +
			"  links: [{endpoints: [a, b], loss: 1 %, queue: 1.5MiB}]\n",
		"one host":    "name: x\ntopology: {nodes: {a: {}}}\n",
		"sequential":  base + "replay: {arrival: {kind: sequential}}\n",
		"concurrency": base + "replay: {arrival: {kind: concurrency, clients: 3}}\n",
		"trace":       base + "replay: {arrival: {kind: trace, speedup: 0.5}}\n",
		"poisson":     base + "replay: {arrival: {kind: poisson, rate: 30/min, seed: 0}}\n",
		"classes":     base + "classes: {wlan: {loss: 0.1%, jitter: 1ms}, cloud: {queue: 1MiB}}\n",
		"directions": base + "classes: {business-isp: {rate: {up: 1Mbps, down: 2Mbps}}}\n" +
			"overrides: {up_lan_0: {rate: {up: 3Mbps}}}\n",
		"workload":       base + "workload: {trace: x.csv, jobs: 5, clients: [rpi3_0, server]}\n",
		"short workload": base + "workload: {synth: spar}\n",
		"JSON":           `{"name": "x", "topology": {"synth": "iiot"}, "seed": 2}`,
		"byte order":     "\ufeffname: x\ntopology: {synth: iiot}\n",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := scenario.Parse([]byte(file), "f", builtin.Catalogue())
			if err != nil {
				t.Fatal(err)
			}
			if err := bySchema(schema, file); err != nil {
				t.Error(err)
			}
			roundTrip(t, s)
			printed, err := s.Resolved()
			if err != nil {
				t.Fatal(err)
			}
			if err := bySchema(schema, string(printed)); err != nil {
				t.Errorf("resolved: %v\n%s", err, printed)
			}
		})
	}
}
