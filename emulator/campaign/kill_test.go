package campaign

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestKilled kills a process that runs a campaign, with no chance to tidy up, and goes on with what it left.
func TestKilled(t *testing.T) {
	const child = "TESTBED_CAMPAIGN_CHILD"
	c := small(t)
	c.Workers = 2
	if job := strings.SplitN(os.Getenv(child), ":", 3); len(job) == 3 {
		c.Store, c.Dir = Store(job[0]), job[2]
		c.Progress = func(p Progress) {
			fmt.Println("one more")
			if fmt.Sprint(p.Done) == job[1] {
				_, _ = io.Copy(io.Discard, os.Stdin) // it is killed here, however late that is
			}
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
			killed(t, fmt.Sprintf("%s=%s:%d:%s", child, store, after, c.Dir), after)
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

// killed runs this test in a process of its own, and kills it after so many replications, where it waits for that.
func killed(t *testing.T, environment string, after int) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	command.Env = append(os.Environ(), environment, "TMPDIR="+t.TempDir()) // what it leaves goes with that
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := range after {
		if !lines.Scan() {
			t.Errorf("it ended after %d replications", n)
			break
		}
	}
	if err := command.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = command.Wait() // says that it was killed
}
