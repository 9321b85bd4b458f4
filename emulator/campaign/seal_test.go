package campaign

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	runs "testbed/emulator/record"
)

// TestFinishedCampaignsAreSealed: what is edited or cut off later is noticed; a campaign that went on from its journal
// has the same hashes as one that ran at once.
func TestFinishedCampaignsAreSealed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(path string) error
		want   error
	}{
		"as it was": {func(string) error { return nil }, nil},
		"edited": {func(path string) error {
			text, err := os.ReadFile(path)
			text[len(text)/2] ^= 1
			return errors.Join(err, os.WriteFile(path, text, 0o644))
		}, runs.ErrAltered},
		"cut off": {func(path string) error { return os.Truncate(path, 10) }, runs.ErrIncomplete},
		"gone":    {os.Remove, runs.ErrIncomplete},
	} {
		for _, file := range sealed {
			config := small(t)
			config.Dir = t.TempDir()
			if _, err := Run(context.Background(), config); err != nil {
				t.Fatal(err)
			}
			if err := c.change(filepath.Join(config.Dir, file)); err != nil {
				t.Fatal(err)
			}
			if err := Verify(config.Dir); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%s %s: %v, want %v", file, name, err, c.want)
			}
		}
	}
	if err := Verify(t.TempDir()); err == nil || errors.Is(err, runs.ErrUnsound) {
		t.Errorf("no campaign: %v", err)
	}
}
