package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"testbed/emulator/compare"
	"testbed/emulator/compare/rundir"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/record"
	"testbed/emulator/record/recordtest"
	"testbed/emulator/report/graph"
	"testbed/emulator/report/html"
	"testbed/emulator/report/run"
)

// runFiles are the files of a run's directory that are read.
var runFiles = []string{record.ManifestFile, record.TopologyFile, record.SamplesFile, record.ChainsFile,
	run.PredictionFile, run.ComparisonFile}

// everything reads a run's directory in every way that there is, and makes the page.
func everything(dir string) (page string, r *run.Run, errs []error) {
	content, r, errs := readings(dir)
	if content == nil {
		return "", nil, errs
	}
	var text strings.Builder
	errs = append(errs, html.Write(&text, content))
	return text.String(), r, errs
}

// readings is everything but the page as HTML.
func readings(dir string) (page *html.Page, r *run.Run, errs []error) {
	_, err := rundir.Open(dir, compare.Options{Resamples: 20})
	errs = append(errs, err)
	_, err = recordtest.Points(dir, "chain")
	errs = append(errs, err)
	t, _, err := run.Topology(dir, builtin.Catalogue())
	if errs = append(errs, err); err == nil {
		n := graph.Of(t)
		_, _, _ = n.DOT(), n.Mermaid(), n.SVG(nil)
	}
	r, err = run.Read(dir, builtin.Catalogue())
	if errs = append(errs, err); err != nil {
		return nil, nil, errs
	}
	return present(r, draw(r)), r, errs
}

// FuzzDirectory puts any bytes in the place of one of a run's files: all who read it fail at most, take a
// bounded memory, and what is on the page is still data.
func FuzzDirectory(f *testing.F) {
	dir := generate(f, 8)
	whole := make([][]byte, len(runFiles))
	for i, name := range runFiles {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			f.Fatal(err)
		}
		if name == record.SamplesFile && len(text) > 16<<10 {
			text = text[:16<<10] // the last line is then cut off
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				f.Fatal(err)
			}
		}
		whole[i] = text
		f.Add(uint8(i), text)
		f.Add(uint8(i), text[:len(text)/2])
	}
	f.Add(uint8(0),
		[]byte(`{"scenario":{"topology":{"ether":"/dev/zero"}},"queues":[{}],"events":[{}],"models":[{}],"fidelity":[{}]}`))
	f.Add(uint8(1),
		[]byte(`{"vertices":[{"name":"a","kind":"link","link":"duplex"}],"edges":[[{"to":0},{"to":0}]],"edge_order":[0]}`))
	f.Add(uint8(2),
		[]byte("link,link=l,dir=7 utilisation=1e308 1\nhost, 1\nchain,model=a latency_s=1e308 -9223372036854775807\n"))
	f.Add(uint8(3), []byte("model,latency_s,time\na,1e308,0001-01-01T00:00:00Z\n\"x\"y\n"))
	f.Add(uint8(5), []byte(`[null,{"order":{"relations":[{}]},"models":[{"roles":[{}],"causes":[{}]}]}]`))
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		at := int(which) % len(runFiles)
		path := filepath.Join(dir, runFiles[at])
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.WriteFile(path, whole[at], 0o644) }()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		page, _, _ := readings(dir)
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 500+uint64(len(text)>>10) {
			t.Errorf("%d MB were taken", took)
		}
		if page == nil {
			return
		}
		if _, err := json.Marshal(page.Data); err != nil {
			t.Errorf("the page's data is none: %v", err)
		}
	})
}
