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

// TestDevicesAreTheNodesOwn: what a command finds below /sys is of the node, which gets it once.
func TestDevicesAreTheNodesOwn(t *testing.T) {
	r, node := oneNode(t, "devices")
	own := func() int {
		mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", node.PID))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(mounts), " - sysfs "+ownSysfs+" ")
	}
	if n := own(); n != 0 {
		t.Errorf("it has %d of its own before the first command, want none", n)
	}
	for range 2 {
		var out bytes.Buffer
		args := []string{"ls", "/sys/class/net"}
		code, err := r.Exec(context.Background(), node, args, noderuntime.Stdio{Out: &out, Err: &out})
		if code != 0 || err != nil || out.String() != "lo\n" {
			t.Errorf("status %d, %v: the devices are %q, want lo", code, err, out.String())
		}
		if n := own(); n != 1 {
			t.Errorf("it has %d of its own, want 1", n)
		}
	}
}

func TestOwnSysfsIsTold(t *testing.T) {
	const (
		hosts  = "24 1 0:22 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
		nodes  = "90 24 0:77 / /sys rw,nosuid,nodev,noexec - sysfs tb-sys rw\n"
		others = "91 24 0:78 / /mnt/sys rw - sysfs tb-sys rw\n92 24 0:79 / /sys rw - tmpfs tb-sys rw\n"
	)
	for mounts, want := range map[string]bool{
		"": false, hosts: false, others: false, hosts + nodes: true, nodes + hosts: true,
	} {
		if hasOwnSysfs(mounts) != want {
			t.Errorf("%v of\n%s", !want, mounts)
		}
	}
}
