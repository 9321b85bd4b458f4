package influx

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/influx/influxtest"
	"testbed/emulator/record"
	"testbed/emulator/record/lineprotocol"
)

// documentation is where the schema, the queries and the dashboard are.
const documentation = "../../results/grafana"

var quoted = regexp.MustCompile("`([a-z0-9_]+)`")

// names are the names in backquotes, sorted.
func names(text string) []string {
	var all []string
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// The documented tags and fields are those that points have.
func TestSchemaIsDocumented(t *testing.T) {
	tags, fields := map[string]map[string]bool{}, map[string]map[string]bool{}
	add := func(p lineprotocol.Point) {
		m := p.Measurement
		if tags[m] == nil {
			tags[m], fields[m] = map[string]bool{}, map[string]bool{}
		}
		for name := range p.Tags {
			tags[m][name] = true
		}
		for name := range p.Fields {
			fields[m][name] = true
		}
	}
	for i := range 10 {
		c, steps := chain("run", i)
		c.Picked, c.Scaled, c.Programs = 1, true, []record.Program{{Result: 5, Digest: "0a"}}
		c.Machine = "one"
		steps[0].Held, steps[0].Moved = 0.1, 1
		steps[0].FromMachine, steps[0].ToMachine, steps[0].ClockError = "one", "two", 1e-4
		steps = append(steps, record.Step{Tags: c.Tags, Role: "start", Start: 0.2})
		for _, superseded := range []bool{false, true} {
			c.Superseded = superseded
			add(c.Point())
			for _, s := range steps {
				s.Superseded = superseded
				add(s.Point())
			}
		}
	}
	add((&record.Link{}).Point())
	moved := record.Migration{Undone: "no way there", Predicted: &record.PredictedMove{}, Decided: &record.Decided{}}
	add(moved.Point())
	add((&record.Host{Late: &record.PacketsLate{}}).Point())
	documented := map[string]bool{}
	rows := regexp.MustCompile("(?m)^\\| `(\\w+)` \\|[^|]*\\|([^|]*)\\|([^|]*)\\|$")
	for _, row := range rows.FindAllStringSubmatch(string(readFile(t, documentation, "README.md")), -1) {
		measurement := row[1]
		tagged, fielded := names(row[2]), names(row[3])
		for of := range tags { // "those of `chain`, `role`" are chain's, and role
			if strings.Contains(row[2], "those of `"+of+"`") {
				tagged = slices.DeleteFunc(tagged, func(name string) bool { return name == of })
				tagged = slices.Sorted(slices.Values(append(tagged, slices.Collect(maps.Keys(tags[of]))...)))
			}
			if strings.Contains(row[3], "those of `"+of+"`") {
				fielded = slices.Sorted(maps.Keys(fields[of]))
			}
		}
		if want := slices.Sorted(maps.Keys(tags[measurement])); !slices.Equal(tagged, want) {
			t.Errorf("%s: tags documented %v, written %v", measurement, tagged, want)
		}
		if want := slices.Sorted(maps.Keys(fields[measurement])); !slices.Equal(fielded, want) {
			t.Errorf("%s: fields documented %v, written %v", measurement, fielded, want)
		}
		documented[measurement] = true
	}
	if len(documented) != len(tags) {
		t.Errorf("documented are %v, of %d measurements", documented, len(tags))
	}
}

// found is how many rows a query of the database testbed finds.
func found(s *influxtest.Server, language, query string) int {
	if language == "flux" {
		return len(s.Flux(query))
	}
	rows := 0
	for _, series := range s.InfluxQL("testbed", query) {
		rows += len(series.Values)
	}
	return rows
}

// Every query in the documentation and in the dashboard finds something in a real database.
func TestDocumentedQueriesAnswer(t *testing.T) {
	s := influxtest.Start(t)
	s.Database("testbed")
	config := realConfig(s.URL)
	config.Bucket = "testbed"
	d := newRun(t)
	fill(t, d, 0, 300)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Upload(t.Context(), d.Path(), config, Options{}); err != nil {
		t.Fatal(err)
	}
	ask := func(language, query string) {
		t.Helper()
		if found(s, language, query) == 0 {
			t.Errorf("%s finds nothing", query)
		}
	}
	asked := 0
	queries := regexp.MustCompile("(?s)```(influxql|flux)\n(.*?)```")
	for _, m := range queries.FindAllStringSubmatch(string(readFile(t, documentation, "README.md")), -1) {
		ask(m[1], strings.ReplaceAll(m[2], "RUN", d.Run()))
		asked++
	}
	if asked < 10 {
		t.Errorf("only %d queries are documented", asked)
	}
	var dashboard struct {
		Templating struct {
			List []struct{ Name, Type, Query string }
		}
		Panels []struct {
			Title   string
			Targets []struct{ Query string }
		}
	}
	if err := json.Unmarshal(readFile(t, documentation, "dashboard.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	// What Grafana puts in.
	variables := strings.NewReplacer("$run", regexp.QuoteMeta(d.Run()), "$model", "("+strings.Join(models, "|")+")",
		"$timeFilter", "time > 0", "$__interval", "1s")
	for _, v := range dashboard.Templating.List {
		if v.Type == "query" {
			ask("influxql", variables.Replace(v.Query))
		}
	}
	for _, p := range dashboard.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("panel %s asks nothing", p.Title)
		}
		for _, target := range p.Targets {
			ask("influxql", variables.Replace(target.Query))
		}
	}
	if len(dashboard.Panels) == 0 {
		t.Error("the dashboard is empty")
	}
}
