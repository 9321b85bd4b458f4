package report

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/record"
	"testbed/emulator/report/html"
	"testbed/emulator/report/run"
)

func made(t testing.TB, dir string) (string, *Result) {
	t.Helper()
	result, err := Write(dir, "", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(result.Page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), result
}

func TestReport(t *testing.T) {
	dir := generate(t, 200)
	text, result := made(t, dir)
	if result.Size != int64(len(text)) || len(result.Missing) > 0 {
		t.Errorf("size %d of %d, missing %q", result.Size, len(text), result.Missing)
	}
	for _, id := range []string{
		"topology", "link-use", "lateness", "host-load", "measured-against-predicted", "error-by-length",
		"figure-4-traffic", "figure-5-latency", "figure-6-length",
	} {
		if !strings.Contains(text, `<figure id="`+id+`"`) {
			t.Errorf("there is no figure %s", id)
		}
		for _, format := range []string{"svg", "png", "pdf"} {
			if !slices.Contains(result.Figures, filepath.Join(dir, FiguresDir, id+"."+format)) {
				t.Errorf("%s.%s is not written", id, format)
			}
		}
	}
	for _, want := range []string{
		"<td class=\"n\">1.502</td>", "not reached", "<td>OFF</td>", "congestion_control", "git checkout test",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	again, _ := made(t, dir)
	if again != text {
		t.Error("the same run gives another page")
	}
}

// Names are free text: none of them leaves its place in the page.
func TestNamesAreEscaped(t *testing.T) {
	text, _ := made(t, generate(t, 40))
	if n := strings.Count(text, "<script"); n != 3 {
		t.Errorf("%d scripts, want the data and two", n)
	}
	if n := strings.Count(strings.ToLower(text), "</script"); n != 3 {
		t.Errorf("%d ends of scripts", n)
	}
	if strings.Contains(text, `owned"</`) {
		t.Error("a name is in the page as it is")
	}
	raw := regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`).FindStringSubmatch(text)
	var data struct {
		Charts map[string]chart `json:"charts"`
	}
	if raw == nil || json.Unmarshal([]byte(raw[1]), &data) != nil {
		t.Fatal("the data cannot be read")
	}
	if n := len(data.Charts["link-use"].Series); n != topLinks {
		t.Errorf("%d links over time, want %d", n, topLinks)
	}
	if !strings.Contains(data.Charts["link-use"].Series[0].Name, nasty) {
		t.Error("the test has no nasty name among the data")
	}
}

// Nothing on the page refers to another place, and its policy forbids it.
func TestSelfContained(t *testing.T) {
	text, _ := made(t, generate(t, 40))
	page := regexp.MustCompile(`(?s)<script>.*?</script>`).ReplaceAllString(text, "")
	for _, bad := range []string{"src=", "@import", "url(", "<link", "<iframe", "<img"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	policy := `http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; script-src &#39;sha256-`
	if !strings.Contains(page, policy) {
		t.Error("the page has no policy")
	}
}

// What a run lacks is said, and the rest is shown.
func TestPartsMayBeMissing(t *testing.T) {
	whole := generate(t, 80)
	for _, c := range []struct {
		name string
		harm func(dir string) error
		want string
	}{
		{"no topology", remove(record.TopologyFile), "The topology is not known"},
		{"no samples", remove(record.SamplesFile), "There is no samples.lp"},
		{"no chains", remove(record.ChainsFile), "There is no chains.csv"},
		{"no prediction", remove(run.PredictionFile), "There is no prediction.csv"},
		{"no comparison", remove(run.ComparisonFile), "There is no comparison.json"},
		{"cut samples", cut(record.SamplesFile), "The last line of samples.lp is cut off"},
		{"cut chains", cut(record.ChainsFile), "The last line of chains.csv is cut off"},
		{"cut prediction", cut(run.PredictionFile), "prediction.csv could not be read"},
		{"cut comparison", cut(run.ComparisonFile), "comparison.json could not be read"},
		{"killed", killed, "was killed"},
		{
			"only a manifest",
			remove(record.TopologyFile, record.SamplesFile, record.ChainsFile, run.PredictionFile, run.ComparisonFile),
			"There is no samples.lp",
		},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		if err := c.harm(dir); err != nil {
			t.Fatal(err)
		}
		text, _ := made(t, dir)
		if !strings.Contains(text, c.want) {
			t.Errorf("%s: the page does not say %q", c.name, c.want)
		}
	}
	if _, err := Write(t.TempDir(), "", builtin.Catalogue()); err == nil {
		t.Error("an empty directory has a report")
	}
}

func remove(names ...string) func(string) error {
	return func(dir string) error {
		for _, name := range names {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
		return nil
	}
}

func cut(name string) func(string) error {
	return func(dir string) error {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Truncate(path, info.Size()-7)
	}
}

// killed makes the manifest of a run that did not come to its end.
func killed(dir string) error {
	m, err := record.ReadManifest(dir)
	if err != nil {
		return err
	}
	m.Exit, m.End = record.Running, time.Time{}
	return m.Write(dir)
}

// A run of 100,000 chains gives a page below 3 MB, and below 20 s; the bound here leaves room for a
// machine that does other things.
func TestLargeRun(t *testing.T) {
	if testing.Short() {
		t.Skip("short: a run of 100,000 chains takes a minute to generate")
	}
	dir := generate(t, 100_000)
	text, result := made(t, dir)
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.Logf("page of %d bytes; %d MB from the system", result.Size, memory.Sys>>20)
	if result.Size >= html.MaxSize {
		t.Errorf("%d bytes", result.Size)
	}
	if !strings.Contains(text, "share one mark") {
		t.Error("the page does not say that the scatter is of means")
	}
}

func BenchmarkReport(b *testing.B) {
	dir := generate(b, 20_000)
	for b.Loop() {
		if _, err := Write(dir, "", builtin.Catalogue()); err != nil {
			b.Fatal(err)
		}
	}
}

// The figures are for print: each is a valid file of its kind.
func TestFigureFiles(t *testing.T) {
	dir := generate(t, 60)
	_, result := made(t, dir)
	magic := map[string]string{".svg": "<", ".png": "\x89PNG", ".pdf": "%PDF", ".csv": ""}
	for _, path := range result.Figures {
		data, err := os.ReadFile(path)
		if err != nil || len(data) < 40 || !strings.HasPrefix(string(data), magic[filepath.Ext(path)]) {
			t.Errorf("%s: %v", path, err)
		}
	}
	count := 0
	_ = filepath.WalkDir(filepath.Join(dir, FiguresDir), func(_ string, d fs.DirEntry, _ error) error {
		if !d.IsDir() {
			count++
		}
		return nil
	})
	if count != len(result.Figures) {
		t.Errorf("%d files, %d named", count, len(result.Figures))
	}
}
