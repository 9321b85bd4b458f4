package netem

import (
	"os"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/internal/testenv"
)

// needKernel skips where the kernel lacks what the fabric is made of. In the lab, that is a failure.
func needKernel(t testing.TB) {
	t.Helper()
	testenv.Privileged(t)
	if err := Supported(t.Context()); err != nil {
		if os.Getenv("TB_LAB") == "1" {
			t.Fatal(err)
		}
		t.Skip(err, "; `make test-netem` runs this in a lab")
	}
}

func TestConformance(t *testing.T) {
	needKernel(t)
	fabrictest.Run(t, func(t *testing.T, testbed string) fabric.Fabric { return New(t.TempDir(), testbed) })
}
