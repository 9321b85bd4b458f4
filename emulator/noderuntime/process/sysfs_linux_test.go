package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"testbed/emulator/noderuntime"
)

// TestDevicesAreTheNodesOwn: what a command finds below /sys is of the node; before the first one, nothing of the
// host's is there.
func TestDevicesAreTheNodesOwn(t *testing.T) {
	r, node := oneNode(t, "devices")
	mounted := func() (at int) {
		mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mounts", node.PID))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(mounts)) {
			if fields := strings.Fields(line); fields[1] == "/sys" || strings.HasPrefix(fields[1], "/sys/") {
				at++
			}
		}
		return at
	}
	if n := mounted(); n != 0 {
		t.Errorf("%d file systems are at /sys before the first command, want none", n)
	}
	for range 2 {
		var out bytes.Buffer
		args := []string{"ls", "/sys/class/net"}
		code, err := r.Exec(context.Background(), node, args, noderuntime.Stdio{Out: &out, Err: &out})
		if code != 0 || err != nil || out.String() != "lo\n" {
			t.Errorf("status %d, %v: the devices are %q, want lo", code, err, out.String())
		}
		if n := mounted(); n != 1 {
			t.Errorf("%d file systems are at /sys, want 1", n)
		}
	}
}
