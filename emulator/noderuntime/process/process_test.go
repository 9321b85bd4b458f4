package process

import (
	"errors"
	"strings"
	"testing"

	"testbed/emulator/noderuntime"
)

func TestCheckSpecs(t *testing.T) {
	good := noderuntime.Spec{Testbed: "a", Node: "n", Dir: "rel", Args: []string{"x"}}
	image, limited := good, good
	image.Image = "i"
	limited.Limits.Memory = 1
	long := good
	long.Node = strings.Repeat("n", 64) // the kernel's limit
	if _, err := checkSpecs([]noderuntime.Spec{good, long}); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]noderuntime.Spec{"image": image, "limit": limited} {
		if _, err := checkSpecs([]noderuntime.Spec{bad}); !errors.Is(err, noderuntime.ErrNotSupported) {
			t.Errorf("%s: got %v, want ErrNotSupported", name, err)
		}
	}
}
