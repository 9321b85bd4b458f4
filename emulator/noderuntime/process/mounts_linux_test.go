package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"testbed/emulator/netns"
	"testbed/emulator/noderuntime"
)

// TestMountsAreTheNodesOwn: what a command finds below /sys is of the node, and no names of the host's namespaces are
// there; it gets both once.
func TestMountsAreTheNodesOwn(t *testing.T) {
	r, node := oneNode(t, "mounts")
	if err := os.MkdirAll(netns.Names, 0o755); err != nil {
		t.Fatal(err)
	}
	// As a node sees a namespace that was named since it began.
	name, err := os.CreateTemp(netns.Names, fmt.Sprintf("tb-mounts-%d-", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(name.Close(), os.Remove(name.Name())); err != nil {
			t.Error(err)
		}
	})
	own := func() string {
		mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", node.PID))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(strings.Count(string(mounts), " - sysfs "+ownSysfs+" "), " ",
			strings.Count(string(mounts), " - tmpfs "+ownNames+" "))
	}
	if n := own(); n != "0 0" {
		t.Errorf("it has %s of its own before the first command, want none", n)
	}
	for range 2 {
		for args, want := range map[string]string{"ls /sys/class/net": "lo\n", "ls /run/netns": "", "ip netns": ""} {
			var out bytes.Buffer
			code, err := r.Exec(context.Background(), node, strings.Fields(args), noderuntime.Stdio{Out: &out, Err: &out})
			if code != 0 || err != nil || out.String() != want {
				t.Errorf("%s: status %d, %v: %q, want %q", args, code, err, out.String(), want)
			}
		}
		if n := own(); n != "1 1" {
			t.Errorf("it has %s of its own, want one each", n)
		}
	}
}

func TestOwnMountsAreTold(t *testing.T) {
	const (
		hosts  = "24 1 0:22 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
		nodes  = "90 24 0:77 / /sys rw,nosuid,nodev,noexec - sysfs tb-sys rw\n"
		others = "91 24 0:78 / /mnt/sys rw - sysfs tb-sys rw\n92 24 0:79 / /sys rw - tmpfs tb-sys rw\n"
	)
	for mounts, want := range map[string]bool{
		"": false, hosts: false, others: false, hosts + nodes: true, nodes + hosts: true,
	} {
		if mounted(mounts, "/sys", "sysfs", ownSysfs) != want {
			t.Errorf("%v of\n%s", !want, mounts)
		}
	}
}
