package report

import (
	"errors"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/record"
)

// The page says what is missing or was changed, what others changed, and offers to run the directory again.
func TestPageSaysWhatIsNotAsItWas(t *testing.T) {
	dir := generate(t, 20)
	m, err := record.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Events = append(m.Events, record.Event{
		What:   []string{"wifi rate=1Mbps"},
		Origin: "`testbed link set`",
		Time:   time.Unix(1_800_000_000, 0),
	})
	m.Sampling = &record.Sampling{Interval: 1, Missed: 3}
	if err := os.WriteFile(filepath.Join(dir, record.ScenarioFile), []byte("name: x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.Seal(dir), m.Write(dir)); err != nil {
		t.Fatal(err)
	}
	page, _, errs := everything(dir)
	for _, want := range []string{
		"by `testbed link set`, 2027-01-15", "3 of the samples of links and host", "--fabric=userspace " + dir,
	} {
		if !strings.Contains(html.UnescapeString(page), want) {
			t.Errorf("the page lacks %q, %v", want, errs)
		}
	}
	if strings.Contains(page, "This is not what the run left whole") {
		t.Error("a sound run is called otherwise")
	}
	info, err := os.Stat(filepath.Join(dir, record.SamplesFile))
	if err := errors.Join(err, os.Truncate(filepath.Join(dir, record.SamplesFile), info.Size()/2)); err != nil {
		t.Fatal(err)
	}
	page, _, errs = everything(dir)
	told := strings.Contains(page, "This is not what the run left whole")
	if !told || !strings.Contains(page, "incomplete: samples.lp") {
		t.Errorf("a run whose samples are cut off: %v", errs)
	}
}
