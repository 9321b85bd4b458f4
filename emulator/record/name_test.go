package record

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// Two runs that begin in the same second, wherever their directories are, share no name, and so no state's key.
func TestRunsOfTheSameSecondHaveNamesOfTheirOwn(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	form := regexp.MustCompile(`^iiot-20260101T120000Z-[a-z2-7]{6}$`)
	known := map[string]bool{}
	for range 100 {
		d, err := MakeDirectory(t.TempDir(), RunName("iiot", now))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if !form.MatchString(d.Run()) {
			t.Fatalf("a run is called %q", d.Run())
		}
		known[d.Run()] = true
	}
	if len(known) < 99 { // of 2^30 names two of a hundred are the same once in 200,000 times
		t.Errorf("100 runs have %d names", len(known))
	}
	// The name is part of the key of every state, of which an agent takes 120 bytes.
	if name := RunName(strings.Repeat("x", 500), now); len(name) > 84 {
		t.Errorf("a name of %d bytes", len(name))
	}
}
