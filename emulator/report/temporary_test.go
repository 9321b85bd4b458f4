package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
)

// TestNoTemporaryFiles: where TMPDIR cannot be written to there are no PDFs, which is an error that says so at each of
// them; the page and all other figures are made.
func TestNoTemporaryFiles(t *testing.T) {
	dir := generate(t, 40)
	t.Setenv("TMPDIR", filepath.Join(dir, "none"))
	made, err := Write(dir, "", builtin.Catalogue())
	if err == nil || made == nil || !strings.Contains(err.Error(), "TMPDIR") ||
		!strings.Contains(err.Error(), "latency.pdf") {
		t.Fatalf("%v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, PageFile)); err != nil || info.Size() != made.Size {
		t.Errorf("the page: %v", err)
	}
	kinds := map[string]int{}
	for _, f := range made.Figures {
		kinds[filepath.Ext(f)]++
	}
	if kinds[".svg"] < 5 || kinds[".png"] < 5 || kinds[".csv"] < 4 || kinds[".pdf"] != 0 {
		t.Errorf("%v", kinds)
	}
}
