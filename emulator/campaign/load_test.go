package campaign

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever asks for the figures of a campaign where a run is, is told what draws those of a run.
func TestLoadOfWhatIsNoCampaign(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a run")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "testbed report RUN") {
		t.Errorf("an empty directory: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "samples.lp"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "`testbed report '"+dir+"'` draws its figures") {
		t.Errorf("a run: %v", err)
	}
}
