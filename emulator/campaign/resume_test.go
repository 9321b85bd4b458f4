package campaign

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// interrupt runs a campaign until so many replications are finished.
func interrupt(t testing.TB, c Config, after int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if after == 0 {
		cancel()
	}
	c.Progress = func(p Progress) {
		if p.Done-p.Found >= after {
			cancel()
		}
	}
	if _, err := Run(ctx, c); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	} else if err == nil && after == 0 {
		t.Error("a campaign that was interrupted at once ended well")
	}
}

func TestInterruptedAndResumed(t *testing.T) {
	for _, store := range Stores {
		c := small(t)
		c.Store = store
		want := whole(t, c)
		for _, after := range []int{0, 1, 2, 5, 9, 10} {
			for _, workers := range []int{1, 3} {
				c.Dir, c.Workers, c.Resume = filepath.Join(t.TempDir(), "campaign"), workers, false
				interrupt(t, c, after)
				c.Resume = true
				interrupt(t, c, 2) // and once more
				if _, err := Run(context.Background(), c); err != nil {
					t.Fatal(err)
				}
				equal(t, fmt.Sprintf("%s, after %d with %d workers", store, after, workers), sums(t, c.Dir), want)
			}
		}
	}
}

// A campaign that goes on computes nothing twice, and one that is finished computes nothing at all.
func TestResumeComputesOnlyTheRest(t *testing.T) {
	c := small(t)
	c.Workers = 1
	interrupt(t, c, 4)
	c.Resume = true
	var first Progress
	c.Progress = func(p Progress) {
		if first.Total == 0 {
			first = p
		}
	}
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if first.Found < 4 || first.Found > 6 || first.Total != 10 || first.Done != first.Found+1 {
		t.Errorf("first progress %+v", first)
	}
	first = Progress{}
	before := sums(t, c.Dir)
	again, err := Run(context.Background(), c)
	if err != nil || first.Total != 0 {
		t.Errorf("a finished campaign was computed again: %v, %+v", err, first)
	}
	equal(t, "finished", sums(t, c.Dir), before)
	if !slices.Equal(r.Means, again.Means) {
		t.Error("results read back differ from those computed")
	}
}

// Whatever a crash leaves of the journal's end, and whatever lies in it by chance, the results are the same.
func TestDamagedJournal(t *testing.T) {
	c := small(t)
	want := whole(t, c)
	c.Workers = 1
	interrupt(t, c, 6)
	path := filepath.Join(c.Dir, JournalFile)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(c.Dir, ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 24 {
		cut := len(sound) * i / 24
		damaged := slices.Clone(sound)
		if i%2 == 0 {
			damaged = damaged[:cut]
		} else if cut > 200 { // not in the header
			damaged[cut] ^= 0x10
		}
		c.Dir, c.Resume = filepath.Join(t.TempDir(), "campaign"), true
		for name, data := range map[string][]byte{
			JournalFile:          damaged,
			ManifestFile:         manifest,
			ParquetFile + ".tmp": []byte("half a file"),
		} {
			if err := errors.Join(os.MkdirAll(c.Dir, 0o755), os.WriteFile(filepath.Join(c.Dir, name), data, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Run(context.Background(), c); err != nil {
			t.Fatalf("damaged at %d of %d: %v", cut, len(sound), err)
		}
		equal(t, fmt.Sprintf("damaged at %d", cut), sums(t, c.Dir), want)
	}
}
