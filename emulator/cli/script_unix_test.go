//go:build unix

package cli

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs command lines that need no kernel, in testdata/script: `testbed CODE ARGUMENT...` runs one in a
// process of its own, in the script's directory, and holds its exit code; `run NAME SECONDS` makes the directory of a
// run whose chains took that long, see writeRun, and sets the variable NAME to it.
func TestScripts(t *testing.T) {
	scenarios, err := filepath.Abs(filepath.Join("..", "..", "scenarios"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error { e.Setenv("SCENARIOS", scenarios); return nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"testbed": program,
			"run": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 2 {
					ts.Fatalf("usage: run NAME SECONDS")
				}
				took, err := strconv.ParseFloat(args[1], 64)
				ts.Check(err)
				ts.Setenv(args[0], writeRun(t, took))
			},
		},
	})
}

func program(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: testbed CODE ARGUMENT...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	self, err := os.Executable()
	ts.Check(err)
	ts.Setenv("TB_TEST_PROGRAM", "1")
	defer ts.Setenv("TB_TEST_PROGRAM", "")
	err = ts.Exec(self, args[1:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}
