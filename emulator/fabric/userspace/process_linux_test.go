package userspace

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/internal/program"
)

// hidden is the argument by which the test binary becomes the fabric process.
const hidden = "fabric-process"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[0] == ProcessName && os.Args[1] == hidden {
		os.Exit(Main(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// newFabric is a fabric in a directory of its own, which is closed with the test.
func newFabric(t testing.TB, testbed string) *Fabric { return fabricIn(t, t.TempDir(), testbed) }

func fabricIn(t testing.TB, dir, testbed string) *Fabric {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := New(dir, testbed, program.At(self), hidden)
	t.Cleanup(func() {
		if err := f.Close(context.Background()); err != nil {
			t.Error(err)
		}
		log, _ := os.ReadFile(filepath.Join(dir, logName))
		if bytes.Contains(log, []byte("DATA RACE")) { // the process is this binary, and goes on after one
			t.Error("the race detector found something in the fabric's process")
		}
		if t.Failed() {
			t.Logf("%s:\n%s", logName, log)
		}
	})
	return f
}

// TestConformance: fabrics of one testbed share its directory, as processes do.
func TestConformance(t *testing.T) {
	base := t.TempDir()
	fabrictest.Run(t, func(t *testing.T, testbed string) fabric.Fabric {
		return fabricIn(t, filepath.Join(base, testbed), testbed)
	})
}
