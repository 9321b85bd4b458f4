package userspace

import (
	"context"
	"os"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
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
func newFabric(t testing.TB, testbed string) *Fabric {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f := New(dir, testbed, []string{self, hidden})
	t.Cleanup(func() {
		if err := f.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			log, _ := os.ReadFile(dir + "/" + logName)
			t.Logf("%s:\n%s", logName, log)
		}
	})
	return f
}

func TestConformance(t *testing.T) {
	fabrictest.Run(t, func(t *testing.T, testbed string) fabric.Fabric { return newFabric(t, testbed) })
}
