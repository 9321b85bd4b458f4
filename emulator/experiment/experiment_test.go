package experiment

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/record"
	"testbed/emulator/record/lineprotocol"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
)

// tiny is a scenario of three hosts at a switch.
const tiny = `name: tiny
description: Three hosts at a switch
topology:
  nodes:
    cam: {class: camera, memory: 256MiB, cpu: 1}
    nuc: {class: nuc, memory: 16GiB, cpu: 4}
    server: {class: server, memory: 16GiB, cpu: 8}
    gw: {kind: switch}
  links:
    - {name: wifi, class: wlan, endpoints: [cam, gw], rate: 50Mbps, delay: 2ms}
    - {name: lan1, class: lan, endpoints: [nuc, gw], rate: 1Gbps, delay: 500us}
    - {name: lan2, class: lan, endpoints: [server, gw], rate: 1Gbps, delay: 500us}
workload:
  synth: {kind: spar, jobs: 30}
  jobs: 2
  functions: 2
  max-length: 2
  clients: [camera]
  ops-factor: 1e3
  arg-factor: 1e3
  state-factor: 1e3
models: [in-function, in-client]
replay: {timeout: 30s, disturbed: {then: keep, share: 1}}
`

// sweep is a small experiment of predictors: six combinations, two repetitions.
func sweep(t testing.TB, factors ...string) Spec {
	t.Helper()
	if len(factors) == 0 {
		factors = []string{"topology.links.wifi.rate=10Mbps,50Mbps", "workload.jobs=8,12,16"}
	}
	text := strings.NewReplacer("jobs: 30}", "jobs: 200}", "max-length: 2", "max-length: 8").Replace(tiny)
	s := Spec{Name: "tiny", File: filepath.Join(t.TempDir(), "tiny.yaml"), Text: []byte(text), Repeat: 2, Order: Random,
		Seed: 1, Engines: []string{"transport", "statesim"}}
	for _, f := range factors {
		factor, err := ParseFactor(f, "--set")
		if err != nil {
			t.Fatal(err)
		}
		s.Factors = append(s.Factors, factor)
	}
	return s
}

func execute(t testing.TB, s Spec, dir string) *Outcome {
	t.Helper()
	cells, err := Resolve(context.Background(), &s, builtin.Catalogue(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	o, err := Run(context.Background(), Config{Spec: s, Cells: cells, Dir: dir, Catalogue: builtin.Catalogue(), Workers: 2,
		Steps: true, Each: func(c *Cell, r *Result) error {
			if c.Number != last+1 || len(r.Chains) != c.Chains*len(s.Engines) {
				t.Errorf("cell %d after %d, with %d rows", c.Number, last, len(r.Chains))
			}
			last = c.Number
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func rowsOf(t testing.TB, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// values are the different ones of a column.
func values(t testing.TB, table [][]string, column string) []string {
	t.Helper()
	at := slices.Index(table[0], column)
	if at < 0 {
		t.Fatalf("no column %s in %v", column, table[0])
	}
	var all []string
	for _, row := range table[1:] {
		if !slices.Contains(all, row[at]) {
			all = append(all, row[at])
		}
	}
	return all
}

func TestTidyTables(t *testing.T) {
	dir := t.TempDir()
	o := execute(t, sweep(t), dir)
	if o.Done != 12 || o.Found != 0 || len(o.Failed) != 0 {
		t.Fatalf("%+v", o)
	}
	chains := rowsOf(t, filepath.Join(dir, "chains.csv"))
	for _, file := range []string{"chains.csv", "steps.csv", "cells.csv"} {
		head := slices.Sorted(slices.Values(rowsOf(t, filepath.Join(dir, file))[0]))
		if unique := slices.Compact(slices.Clone(head)); !slices.Equal(head, unique) {
			t.Errorf("%s has two columns of one name: %v", file, head)
		}
	}
	for column, want := range map[string][]string{
		"topology_links_wifi_rate_bps": {"10000000", "50000000"}, "workload_jobs": {"8", "12", "16"},
		"repetition": {"1", "2"}, "engine": {"transport", "statesim"}, "model": {"in-function", "in-client"}, "ok": {"1"},
	} {
		if got := values(t, chains, column); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", column, got, want)
		}
	}
	if cells := values(t, chains, "cell"); len(cells) != 12 {
		t.Errorf("%d cells in chains.csv", len(cells))
	}
	// Repetitions of one number meet the same jobs whatever else differs but the load.
	if seeds := values(t, chains, "seed"); len(seeds) != 2 {
		t.Errorf("seeds %v", seeds)
	}
	steps := rowsOf(t, filepath.Join(dir, "steps.csv"))
	if len(steps) < 3*len(chains) || len(values(t, steps, "role")) < 3 {
		t.Errorf("%d steps of %d chains", len(steps), len(chains))
	}
	for _, file := range []string{"chains.parquet", "steps.parquet", "cells.parquet", SummaryFile, "report.html", BaseFile,
		"figures/figure-1-latency_s-topology_links_wifi_rate_bps-model.svg"} {
		if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	m, err := ReadManifest(dir)
	if err != nil || !m.Finished || m.Cells != 12 || m.Factors[0].Column != "topology_links_wifi_rate_bps" {
		t.Errorf("%+v, %v", m, err)
	}
}

// files are the contents of the tables.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{"chains.csv", "steps.csv", "cells.csv", "chains.parquet", "steps.parquet", SummaryFile} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(text)
	}
	return all
}

// More levels and repetitions execute only the new cells; the tables are those of the whole at once, in any order.
func TestExtended(t *testing.T) {
	dir := t.TempDir()
	execute(t, sweep(t), dir)
	more := sweep(t, "topology.links.wifi.rate=10Mbps,20Mbps,50Mbps", "workload.jobs=8,12,16")
	more.Repeat = 3
	if o := execute(t, more, dir); o.Done != 27 || o.Found != 12 {
		t.Errorf("%+v", o)
	}
	if o := execute(t, more, dir); o.Done != 27 || o.Found != 27 {
		t.Errorf("again: %+v", o)
	}
	at := more
	at.Order = Stated
	whole := t.TempDir()
	execute(t, at, whole)
	for name, text := range files(t, dir) {
		if text != files(t, whole)[name] {
			t.Errorf("%s differs from that of the whole at once", name)
		}
	}
	reopened, err := Reopen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if o := execute(t, reopened, dir); o.Found != 27 {
		t.Errorf("reopened: %+v", o)
	}
	added := more
	added.Engines = []string{"transport"}
	if o := execute(t, added, dir); o.Found != 27 {
		t.Errorf("with fewer engines: %+v", o)
	}
}

func TestSeedsOfRepetitions(t *testing.T) {
	s := sweep(t, "workload.seed=1,7")
	s.Repeat = 3
	seen := map[uint64]bool{}
	for _, c := range s.cells() {
		sc, err := s.Scenario(c, builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		seed := *sc.Workload.Seed
		if c.Repetition == 1 && seed != map[string]uint64{"1": 1, "7": 7}[c.Levels[0]] || seen[seed] {
			t.Errorf("%s has the seed %d", c, seed)
		}
		seen[seed] = true
		if same := *sc.Workload.Synth.Seed == 1; same != (c.Repetition == 1) {
			t.Errorf("%s: the trace has the seed %d", c, *sc.Workload.Synth.Seed)
		}
		if sc.Seed != 1 {
			t.Errorf("%s: the network's seed is %d", c, sc.Seed)
		}
	}
	s.SameSeed = true
	for _, c := range s.cells() {
		sc, err := s.Scenario(c, builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]uint64{"1": 1, "7": 7}[c.Levels[0]]; *sc.Workload.Seed != want {
			t.Errorf("%s has the seed %d", c, *sc.Workload.Seed)
		}
	}
}

// All cells are worked out before anything is begun, and what is wrong says where it stands.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		factor, want string
		change       func(*Spec)
	}{
		{"workload.jobs=8,x", `--set workload.jobs=x: workload.jobs: "x" is not a whole number`, nil},
		{"workload.job=8", `unknown key "job"; did you mean "jobs"?`, nil},
		{"models=[in-edge],[external]", "cloud", nil},
		{"workload.jobs=8,8", "has a level twice", nil},
		{"workload.functions=2,3", "cell 1 (2, repetition 1): refused", func(s *Spec) { s.Engines = []string{Emulation} }},
		{"description=a,b", "are the same scenario", nil},
		{"workload.jobs=8", "the order \"up\" is unknown", func(s *Spec) { s.Order = "up" }},
		{"workload.jobs=8", "there are 0 repetitions", func(s *Spec) { s.Repeat = 0 }},
		{"workload.jobs=8", `the engine "transprt" is unknown; did you mean "transport"?`,
			func(s *Spec) { s.Engines = []string{"transprt"} }},
		{"workload.jobs=8", "more than 100000 cells", func(s *Spec) {
			for i := range 20 {
				s.Factors = append(s.Factors, Factor{Key: fmt.Sprint("k", i), Levels: make([]Level, 9)})
			}
		}},
	} {
		s := sweep(t, c.factor)
		if c.change != nil {
			c.change(&s)
		}
		_, err := Resolve(context.Background(), &s, builtin.Catalogue(), func(*resolved.Scenario) error {
			return errors.New("refused")
		}, nil)
		if err == nil || !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.factor, err, c.want)
		}
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	base := write("tiny.yaml", tiny)
	path := write("e.yaml", `experiment: sweep
scenario: tiny.yaml
factors:
  workload.jobs: [8, 12]
  uplink: {key: topology.links.wifi.rate, levels: [10Mbps, {up: 1Mbps, down: 2Mbps}]}
repeat: 3
same-seed: true
order: stated
engines: transport
figures: ["latency_s~workload_jobs,uplink"]
x-note: mine
`)
	if !IsFile(path) || IsFile(base) || IsFile(dir) {
		t.Error("files are not told apart")
	}
	s, err := ReadFile(path, Spec{Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "sweep" || s.File != base || s.Repeat != 3 || !s.SameSeed || s.Order != Stated || s.Seed != 5 ||
		s.Engines[0] != "transport" || len(s.Figures) != 1 || s.Factors[1].Levels[1].Text != "{up: 1Mbps, down: 2Mbps}" ||
		s.Factors[1].Levels[0].Line != 5 {
		t.Errorf("%+v", s)
	}
	for text, want := range map[string]string{
		"factors: {a: [1]}":                                        `:1:1: the key "scenario" is missing; add scenario: FILE`,
		"scenario: tiny.yaml\nfactors: {a: 1}":                     `:2:14: factors.a: a factor has key and levels`,
		"scenario: tiny.yaml\nfactor: {a: [1]}":                    `:2:1: unknown key "factor"; did you mean "factors"?`,
		"scenario: tiny.yaml\nfactors: {a: [1]}\nrepeat: x":        `:3:9: repeat: "x" is no number`,
		"scenario: tiny.yaml\nfactors: {b: {key: a, level: [1]}}":  `unknown key "level"; did you mean "levels"?`,
		"scenario: tiny.yaml\nfactors: {a: [1]}\nfactors: {b: []}": `the key "factors" is given twice`,
		"a: [": "this is not", "[]": "an experiment is a mapping",
	} {
		_, err := ReadFile(write("bad.yaml", text), Spec{})
		var all scenario.Errors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), strings.ReplaceAll(want, "has key", "has a key")) &&
			want != "this is not" {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestFormulas(t *testing.T) {
	s := sweep(t, "topology.links.wifi.rate=10Mbps,50Mbps", "topology.links.lan1.rate=1Gbps,2Gbps")
	cells, err := Resolve(context.Background(), &s, builtin.Catalogue(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"network_s~wifi,model":                 "network_s~topology_links_wifi_rate_bps,model",
		"latency_s ~ topology.links.lan1.rate": "latency_s~topology_links_lan1_rate_bps",
		"network_s~length,model":               "network_s~length,model",
		"network_s~rate":                       "may be topology_links_wifi_rate_bps or topology_links_lan1_rate_bps",
		"network~wifi":                         `"network" is no quantity of chains or moves; did you mean "network_s"?`,
		"network_s~wify":                       `there is no column "wify"`,
		"network_s":                            "write Y~X,COLOUR",
		"latency_s~topology_links_wifi_rate_bps,engine":  "latency_s~topology_links_wifi_rate_bps,engine",
		"latency_s~topology_links_wifi_rate,repetition ": "latency_s~topology_links_wifi_rate_bps,repetition",
	} {
		f, err := s.ParseFormula(text, cells)
		got := f.String()
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || err == nil && got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// An axis names what its numbers stand for where there is room; the names of long levels are in the caption alone.
func TestLabelsFitTheAxis(t *testing.T) {
	for want, names := range map[string][]string{
		"network_s": nil, "network_s: 1 iiot, 2 urban-sensing": {"iiot", "urban-sensing"},
		"network_s, by number": {"{kind: concurrency, clients: 16}", "{kind: concurrency, clients: 32}"},
	} {
		c := &chart{formula: Formula{X: "network_s"}, names: names}
		if got := c.label(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// What has one level is a setting: no figure has one point.
func TestFiguresAreOfWhatVaries(t *testing.T) {
	s := sweep(t, "topology.links.wifi.rate=10Mbps,50Mbps", "workload.jobs=8")
	cells, err := Resolve(t.Context(), &s, builtin.Catalogue(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.questions(cells); len(got) != 1 || got[0].X != "topology_links_wifi_rate_bps" {
		t.Errorf("%v", got)
	}
}

// The pooled mean is that of the chains; the interval over runs is Student's of the runs' means.
func TestPooled(t *testing.T) {
	s := sweep(t, "workload.jobs=8")
	cells := s.cells()
	for _, c := range cells {
		c.Values = []scenario.Value{{Number: 8}}
	}
	p := newPool(&s, cells)
	late := 0.5
	for i, latencies := range [][]float64{{1, 3}, {4, 8, 6}} {
		r := &Result{Verdict: record.Green}
		for k, l := range latencies {
			r.Chains = append(r.Chains, Chain{Engine: Emulation, Model: "m", Index: k, Latency: l, Network: l / 2, OK: true,
				HostLate: &late}, Chain{Engine: "transport", Model: "m", Index: k, Latency: l * 1.1, OK: true})
		}
		r.Chains = append(r.Chains, Chain{Engine: Emulation, Model: "m", Index: 9, Error: "late"})
		p.add(cells[i], r)
	}
	all := p.summary()
	if len(all.Groups) != 2 {
		t.Fatalf("%+v", all)
	}
	g := all.Groups[0]
	half := 12.7062047 * 2.8284271 / math.Sqrt2 // t(0.975, 1) · s / √n of 2 and 6
	if g.Runs != 2 || g.Chains != 5 || g.Failed != 2 || math.Abs(g.Latency.Mean-4.4) > 1e-9 ||
		math.Abs(*g.Latency.RunsLow-(4-half)) > 1e-4 || math.Abs(*g.Latency.RunsHigh-(4+half)) > 1e-4 ||
		g.Latency.ChainsLow < 1 || g.Latency.ChainsHigh > 8 || g.Errors != nil {
		t.Errorf("%+v %v %v", g, *g.Latency.RunsLow, *g.Latency.RunsHigh)
	}
	e := all.Groups[1].Errors
	if e == nil || e.Chains != 5 || math.Abs(e.Mean-0.1) > 1e-9 || math.Abs(e.Median-0.1) > 1e-9 {
		t.Errorf("%+v", e)
	}
	// Of 22 s the host may have added 2.5.
	models, rows := all.ErrorsBy()
	if len(models) != 1 || len(rows) != 1 || rows[0].Engine != "transport" || rows[0].Verdicts != "2 green" ||
		rows[0].Errors[0] != "+10.0 / 10.0 / 10.0 (11.4)" {
		t.Errorf("%v, %+v", models, rows)
	}
}

// An error counts as often as its chain's weight says: of 100 jobs, 90 are predicted exactly and 10 at half.
func TestErrorsOfASample(t *testing.T) {
	var p pairs
	p.add(1, 1, 90)
	p.add(2, 4, 10)
	if e := p.error(); math.Abs(e.Mean-(110.0/130-1)) > 1e-12 || e.Median > 0.3 || e.P95 < 0.45 || e.Chains != 2 {
		t.Errorf("%+v", e)
	}
	if e := (&pairs{}).error(); e != nil {
		t.Errorf("of nothing: %+v", e)
	}
}

// The experiment that the project ships can be carried out.
func TestShipped(t *testing.T) {
	files, err := filepath.Glob("../../scenarios/experiments/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, path := range files {
		s, err := ReadFile(path, Spec{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		cells, err := Resolve(context.Background(), &s, builtin.Catalogue(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(cells) < 8 || len(s.questions(cells)) != len(s.Figures) {
			t.Errorf("%s: %d cells, figures %v", path, len(cells), s.questions(cells))
		}
	}
}

// Chains of a sample count as often as their weights say, in means over runs, over chains and in figures.
func TestWeights(t *testing.T) {
	s := sweep(t, "workload.jobs=8")
	s.Repeat, s.Figures = 1, []string{"latency_s~workload_jobs,model"}
	cells := s.cells()
	cells[0].Values = []scenario.Value{{Number: 8}}
	p := newPool(&s, cells)
	p.add(cells[0], &Result{Chains: []Chain{{Engine: "transport", Model: "m", Latency: 1, Weight: 3, OK: true},
		{Engine: "transport", Model: "m", Index: 1, Latency: 5, OK: true}}})
	if g := p.summary().Groups[0]; math.Abs(g.Latency.Mean-2) > 1e-9 || g.Chains != 2 {
		t.Errorf("%+v", g)
	}
	if f := p.charts[0].figure(1, "", builtin.Catalogue()); math.Abs(f.Curves[0].Points[0].Y-2) > 1e-9 {
		t.Errorf("%+v", f.Curves)
	}
}

// A factor's tag has the name of no other tag or field of a sample: a database would ask which is meant.
func TestFactorsTakeNoNameOfSamples(t *testing.T) {
	predicted := 0.0
	chain := record.Chain{Measured: record.Times{Latency: 1}, Predicted: &record.Times{}, Error: "e",
		Host: &record.HostLate{FabricKnown: true}}
	for _, p := range []lineprotocol.Point{
		chain.Point(), (&record.Step{Predicted: &predicted}).Point(), (&record.Link{}).Point(),
		(&record.Host{Late: &record.PacketsLate{}}).Point(),
	} {
		for _, name := range slices.Concat(slices.Collect(maps.Keys(p.Tags)), slices.Collect(maps.Keys(p.Fields))) {
			if !slices.Contains(reserved, name) {
				t.Errorf("%s has %s, which a factor's column may be called", p.Measurement, name)
			}
		}
	}
}
