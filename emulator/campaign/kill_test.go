package campaign

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKilled kills a process that runs a campaign, with no chance to tidy up, and goes on with what it left.
func TestKilled(t *testing.T) {
	const child = "TESTBED_CAMPAIGN_CHILD"
	c := small(t)
	c.Workers = 2
	if store, dir, ok := strings.Cut(os.Getenv(child), ":"); ok {
		c.Dir, c.Store = dir, Store(store)
		c.Progress = func(Progress) {
			fmt.Println("one more")
			time.Sleep(30 * time.Millisecond)
		}
		if _, err := Run(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, store := range Stores {
		c.Store = store
		want := whole(t, c)
		for _, after := range []int{1, 4, 8} {
			c.Dir, c.Resume = t.TempDir(), true
			killed(t, child+"="+string(store)+":"+c.Dir, after)
			if !exists(filepath.Join(c.Dir, JournalFile)) {
				t.Fatal("the process had finished, or had not begun")
			}
			if _, err := Run(context.Background(), c); err != nil {
				t.Fatal(err)
			}
			equal(t, fmt.Sprintf("%s, killed after %d", store, after), sums(t, c.Dir), want)
		}
	}
}

// killed runs this test in a process of its own, and kills it after so many replications.
func killed(t *testing.T, environment string, after int) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	command.Env = append(os.Environ(), environment, "TMPDIR="+t.TempDir()) // what it leaves goes with that
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; n < after && lines.Scan(); n++ {
	}
	if err := command.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = command.Wait() // says that it was killed
}
