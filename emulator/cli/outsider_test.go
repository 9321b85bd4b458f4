package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator"
	"testbed/emulator/catalogue"
	"testbed/emulator/internal/fake/outsider"
)

// outside is a bench on which a scenario may choose, beside what is built in, one entry more of each kind.
func outside(t *testing.T) *bench {
	t.Helper()
	l := newBench(t)
	c := emulator.Catalogue(outsider.Section(l.Machine)) // the one line
	host := emulator.NewHostOf(c, l.host.Store, l.host.Key, os.Args[0], "test")
	last := len(host.Runtimes) - 1
	l.host.Runtimes = append(l.host.Runtimes, host.Runtimes[last])
	l.host.Fabrics = append(l.host.Fabrics, host.Fabrics[len(host.Fabrics)-1])
	l.host.Catalogue = c
	return l
}

// chosen has the outsider's entry of every kind that a scenario can name. Of kinds that exclude each other, read has
// the others.
const chosen = `name: odd
topology: {synth: {kind: star, leaves: 4}}
workload: {synth: {kind: steady, jobs: 6, state: 3kB}, clients: [leaf]}
placement: {policy: nth-name, nth: 2, dispatch: {kind: three-choices, half-life: 2s}}
models: [in-transit, in-client]
replay: {arrival: {kind: bursts, size: 3}, disturbed: {then: keep, share: 1}, compute: shared}
runtime: cells
fabric: wires
`

const read = `name: read
topology: {pairs: hosts.txt}
workload: {trace: jobs.txt, format: rows, clients: [leaf]}
models: [in-transit]
`

func TestAnOutsiderIsInHelpCompletionDoctorAndSchema(t *testing.T) {
	t.Parallel()
	l := outside(t)
	for _, c := range []struct{ says, command string }{
		{outsider.Runtime, "up --help"}, {outsider.Fabric, "run --help"}, {outsider.Predictor, "simulate --help"},
		{outsider.Predictor, "compare --help"}, {outsider.Synthesizer, "synth topology --help"},
		{outsider.Network, "import --help"},
		{outsider.Topology, "synth topology --help"}, {outsider.Workload, "synth workload --help"},
		{outsider.Trace, "synth workload --help"},
		{outsider.Runtime, "up --runtime --generate-bash-completion"},
		{outsider.Fabric, "up --fabric --generate-bash-completion"},
		{outsider.Predictor, "simulate --engine --generate-bash-completion"},
		{outsider.Predictor, "compare --reference --generate-bash-completion"},
		{outsider.Workload, "synth workload --kind --generate-bash-completion"},
		{outsider.Predictor, "completion fish"},
	} {
		l.want(ExitOK, c.says, strings.Fields(c.command)...)
	}
	got := l.do("doctor") // whether this host is ready is not the question
	for _, says := range []string{"runtime " + outsider.Runtime, "fabric " + outsider.Fabric} {
		if !strings.Contains(got.stdout, says) {
			t.Errorf("doctor does not say %q:\n%s", says, got.stdout)
		}
	}
	var schema struct {
		Defs map[string]json.RawMessage `json:"$defs"`
		Root map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal([]byte(l.want(ExitOK, "", "schema").stdout), &schema); err != nil {
		t.Fatal(err)
	}
	for section, words := range map[string][]string{
		"Topology": {outsider.Topology}, "TopologyImport": {outsider.Network},
		"TopologySynth": {outsider.Synthesizer, "leaves"},
		"Workload":      {outsider.Trace}, "WorkloadSynth": {outsider.Workload, "state"},
		"Placement": {outsider.Policy, "nth"}, "Dispatch": {outsider.Dispatcher}, "Arrival": {outsider.Arrival, "size"},
	} {
		for _, word := range words {
			if !strings.Contains(string(schema.Defs[section]), `"`+word+`"`) {
				t.Errorf("the schema's %s has no %q", section, word)
			}
		}
	}
	for key, word := range map[string]string{
		"models": outsider.Model, "runtime": outsider.Runtime, "fabric": outsider.Fabric,
	} {
		if !strings.Contains(string(schema.Root[key]), `"`+word+`"`) {
			t.Errorf("the schema's %s has no %q", key, word)
		}
	}
}

// What a scenario says of an outsider's options is checked, with the line.
func TestAnOutsidersOptionsAreChecked(t *testing.T) {
	t.Parallel()
	l := outside(t)
	for change, want := range map[string]string{
		"leaves: 4=leaves: 21":  "2:40: topology.synth.leaves: 21 is out of range",
		"state: 3kB=state: 3":   "3:50: workload.synth.state: 3 has no unit",
		"nth: 2=nth: x":         "4:36: placement.nth: \"x\" is not a whole number",
		"size: 3=size: 0":       "6:40: replay.arrival.size: 0 is out of range",
		"size: 3=rate: 3/s":     "it has no meaning with kind: bursts",
		"leaves: 4=pis: 4":      "it has no meaning with kind: star",
		"three-choices=fixed":   "it has no meaning with kind: fixed",
		"nth-name=load":         "it has no meaning with policy: load",
		"kind: bursts=bursts: ": "replay.arrival",
	} {
		old, to, _ := strings.Cut(change, "=")
		l.want(ExitUsage, want, "validate", l.file("wrong.yaml", strings.Replace(chosen, old, to, 1)))
	}
	short := l.file("short.yaml", strings.Replace(chosen, ", leaves: 4", "", 1))
	resolved := l.want(ExitOK, "leaves: 3", "validate", "--resolved", short)
	again := l.want(ExitOK, "size: 3", "validate", "--resolved", l.file("again.yaml", resolved.stdout))
	if again.stdout != resolved.stdout {
		t.Errorf("resolved once more:\n%s\nand not\n%s", again.stdout, resolved.stdout)
	}
}

func TestAnOutsiderRuns(t *testing.T) {
	t.Parallel()
	l := outside(t)
	path := l.file("odd.yaml", chosen)
	l.file("hosts.txt", "a b c\n")
	l.file("jobs.txt", "one\ntwo\n")
	l.want(ExitOK, outsider.Model, "simulate", path)
	ring := l.file("ring.txt", "a b c")
	l.want(ExitOK, "endpoints: [c, a]", "import", ring, "--format", outsider.Network, "--set", "hosts.per-node=1")
	l.want(ExitOK, outsider.Model, "simulate", "--engine", outsider.Predictor, l.file("read.yaml", read))
	got := l.want(ExitOK, outsider.Model, "run", path, "-o", l.results(), "--verify=false")
	if !strings.Contains(got.stdout, outsider.Predictor) {
		t.Errorf("the table lacks the predictor:\n%s", got.stdout)
	}
	l.nothingLeft()
	dir, m := l.onlyRun()
	if m.Runtime != outsider.Runtime || m.Fabric != outsider.Fabric || m.Arrival != "bursts of 3" {
		t.Errorf("the manifest has %s, %s, %s", m.Runtime, m.Fabric, m.Arrival)
	}
	l.want(ExitOK, "what the time that "+outsider.Predictor+" predicts consist",
		"compare", "--reference", outsider.Predictor, dir)
	l.want(ExitOK, "what the "+outsider.Predictor+" model says", "compare", "--reference", outsider.Predictor, dir)
	l.want(ExitUsage, "--reference", "compare", "--reference", "nobody", dir)
	l.want(ExitOK, outsider.Model,
		"compare", "--fail-if", outsider.Predictor+":"+outsider.Model+".error.median > 1000000%", dir)
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	about := l.host.Catalogue.Describe(catalogue.Predictors, outsider.Predictor).About
	for _, says := range []string{outsider.Model, outsider.Colour, outsider.Policy, about} {
		if !strings.Contains(string(page), says) {
			t.Errorf("the report lacks %q", says)
		}
	}
}
