package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"testbed/emulator/internal/printable"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
	"testbed/emulator/topology"
)

// hostileName is what a name in somebody's file may be: a line of ours, a shell's command, a terminal's title
// and colours by C0 and C1, text that reads backwards, the end of a script.
const hostileName = "n\nhint: run OWNED\r\x1b]0;OWNED\a\u009b31m\u202etxt\u2066\x7f; " +
	"curl x|sh # $(id) `id` \"'</script><b>"

// hostileRun is a run's directory in which everything that may be a text is a hostile one.
func hostileRun(t *testing.T) string {
	t.Helper()
	d, err := record.MakeDirectory(t.TempDir(), record.RunName("hostile", time.Unix(0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	tags := record.Tags{Run: hostileName, Testbed: hostileName, Scenario: hostileName,
		Model: strings.ReplaceAll(hostileName, "\n", ""), Policy: "p\x1b[1m", Fabric: hostileName, Length: 2}
	for i := range 3 {
		c := record.Chain{Tags: tags, Time: time.Unix(int64(2+i), 0), Index: i, Job: "j\u202e",
			Measured: record.Times{Latency: 1, Network: 0.5, Processing: 0.5}}
		if err := d.Write(c, nil); err != nil && i == 0 {
			t.Log(err) // line protocol has no control characters: the file is made by hand below
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var lines, chains strings.Builder
	chains.WriteString("model,length,index,latency_s,network_s,processing_s,time,error\n")
	for i := range 3 {
		fmt.Fprintf(&lines,
			"chain,model=m\u009b31m\u202e\u2028,policy=p\u009b,length=2 index=%di,job=\"j\x1b\u202e\","+
				"latency_s=1,network_s=0.5,processing_s=0.5 %d\n", i, i+1)
		fmt.Fprintf(&chains, "m\u009b31m\u202e\u2028,2,%d,1,0.5,0.5,2026-01-02T03:04:05Z,\"e\nhint: run OWNED\x1b\"\n",
			i)
	}
	var predictions []predict.Prediction
	for i := range 3 {
		predictions = append(predictions, predict.Prediction{Engine: "../../" + hostileName,
			Model: plan.Model("m\u009b31m\u202e\u2028"), Job: hostileName, Index: i, Total: 1.1, Network: 0.6,
			Processing: 0.5})
		predictions = append(predictions, predict.Prediction{Engine: "e2\nOWNED",
			Model: plan.Model("m\u009b31m\u202e\u2028"), Job: hostileName, Index: i, Total: 1.2, Network: 0.7,
			Processing: 0.5})
	}
	var table bytes.Buffer
	top := topology.New(hostileName)
	a, _ := top.Add(topology.Vertex{Name: hostileName, Class: hostileName})
	link, _ := top.Add(topology.Vertex{Name: "l" + hostileName, Kind: topology.Link, Class: hostileName})
	b, _ := top.Add(topology.Vertex{Name: "%%{init: {}}%%\u202e", Kind: topology.Switch})
	top.Join(a, link, 0)
	top.Join(link, b, 0)
	m := record.Manifest{Run: hostileName, Testbed: hostileName,
		Scenario: []byte(`{"name":"n\nOWNED\u001b\u202e","description":"\u009b"}`), File: hostileName, Version: "v1; OWNED",
		Kernel: hostileName, Runtime: hostileName, Fabric: hostileName, Arrival: hostileName, Exit: record.Failed,
		Error: hostileName, FidelityError: hostileName,
		TCP: map[string]string{hostileName: hostileName}, Models: []record.ModelCounts{{Model: hostileName, Planned: 3,
			Done: 3}},
		Mirrors: map[string]record.Counts{hostileName: {Pending: 1, Message: hostileName}},
		Events:  []record.Event{{Model: hostileName, What: []string{hostileName}, Error: hostileName}}}
	err = errors.Join(
		os.WriteFile(filepath.Join(d.Path(), record.SamplesFile), []byte(lines.String()), 0o644),
		os.WriteFile(filepath.Join(d.Path(), record.ChainsFile), []byte(chains.String()), 0o644),
		predict.WriteCSV(&table, predictions), os.WriteFile(filepath.Join(d.Path(), "prediction.csv"), table.Bytes(), 0o644),
		record.WriteTopology(d.Path(), top), m.Write(d.Path()))
	if err != nil {
		t.Fatal(err)
	}
	return d.Path()
}

// fit wants a text that a terminal only shows, and no line of it that a name has begun.
func fit(t *testing.T, what, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s is not UTF-8: %q", what, text)
	}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "OWNED") || strings.HasPrefix(line, "hint: run OWNED") {
			t.Errorf("%s: a name begins the line %q", what, line)
		}
		if i := strings.IndexFunc(line, func(r rune) bool { return r != '\t' && printable.Unsafe(r) }); i >= 0 {
			t.Errorf("%s: %q has the character %q", what, line, []rune(line[i:])[0])
		}
	}
}

// No command prints what a terminal would act on, wherever a name came from.
func TestNamesOfOthersAreEscaped(t *testing.T) {
	dir := hostileRun(t)
	scenario := filepath.Join(t.TempDir(), "s\x1b[31m\u202e.yaml")
	text := `{name: x, description: "a\e[31m\u202e\u009b", models: [in-client, "m\e]0;\n\u202e"], ` +
		`topology: {nodes: {"a\e": {kind: host}}}, "k\e\nOWNED": 1}`
	if err := os.WriteFile(scenario, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"compare", dir}, {"compare", "--lengths", "--steps", dir}, {"compare", dir, dir}, {"compare", "--fail-if",
			"total.error.median > 0%", dir}, {"compare", dir + "\x1b\u202e"},
		{"report", dir}, {"graph", dir}, {"graph", "-f", "mermaid", dir}, {"graph", "-f", "svg", dir}, {"validate",
			scenario}, {"validate", "--resolved", scenario},
		{"upload", "--url", "http://127.0.0.1:1/\x1b\u202e", "--bucket", "b\x1b\nOWNED\u202e", "--patience", "1ms",
			"--timeout", "1s", dir},
		{"simulate", scenario}, {"plot", dir}, {"\x1b\u202e\xff"}, {"compare", "--\x1b\u202e"}, {"help", "\x1b\xff"},
	} {
		got := invoke(t, args...)
		what := fmt.Sprintf("testbed %q", args)
		fit(t, what+" on standard output", got.stdout)
		fit(t, what+" on standard error", got.stderr)
		if got.stdout+got.stderr == "" {
			t.Errorf("%s says nothing", what)
		}
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "..", "..", "*OWNED*")); len(names) > 0 {
		t.Errorf("a name has led out of the directory: %q", names)
	}
}

// JSON is exact: a program reads the names as they are.
func TestJSONIsExact(t *testing.T) {
	got := invoke(t, "compare", "-f", "json", hostileRun(t))
	var c struct {
		Runs []struct {
			Run     string
			Reports []struct{ Engine string }
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Runs) != 1 || c.Runs[0].Run != hostileName || c.Runs[0].Reports[0].Engine != "../../"+hostileName {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(got.stdout, "\u202e") {
		t.Error("what JSON has no need to escape is escaped")
	}
}

// What goes around the escaping is what the process wrote; all else goes through it.
func TestExactAndEscapedStreams(t *testing.T) {
	var out, errs bytes.Buffer
	s, flush := (&State{Stdout: &out, Stderr: &errs}).escaped()
	_, _ = s.exactOut().Write([]byte("\x1b\xff"))
	_, _ = s.exactErr().Write([]byte("\x1b\xfe"))
	_, _ = s.Stdout.Write([]byte("\x1b\xe2\x80"))
	_, _ = s.Stderr.Write([]byte("a\nb"))
	flush()
	if out.String() != "\x1b\xff"+`\u001b\xe2\x80` || errs.String() != "\x1b\xfea\nb" {
		t.Errorf("%q %q", out.String(), errs.String())
	}
	out.Reset()
	p := &progress{out: &out, show: true}
	p.block([]string{"a\x1b[2J\nb", strings.Repeat("\u202e", 500)})
	if text := strings.TrimPrefix(out.String(), "\r\x1b[J"); strings.Count(text, "\n") != 1 || strings.Contains(text,
		"\x1b") || len(text) > 300 {
		t.Errorf("progress shows %q", text)
	}
}
