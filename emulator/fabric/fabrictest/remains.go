package fabrictest

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
)

// remains lists what a fabric may have left on this host: the testbed's processes; named and mounted
// namespaces and interfaces that look like a testbed's; and stations whose network still runs.
func remains(t *testing.T, b *Bench) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range processes {
		line, err := os.ReadFile(path)
		if err == nil && bytes.Contains(line, []byte(b.Testbed)) && filepath.Dir(path) != "/proc/"+strconv.Itoa(os.Getpid()) {
			all["process "+filepath.Base(filepath.Dir(path))+": "+strings.ReplaceAll(string(line), "\x00", " ")] = true
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if strings.Contains(line, "nsfs") && len(fields) > 4 && strings.Contains(fields[4], b.Testbed) {
			all["mount "+fields[4]] = true
		}
	}
	named, _ := filepath.Glob("/run/netns/*" + b.Testbed + "*")
	for _, path := range named {
		all[path] = true
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		if strings.HasPrefix(i.Name, "tb-") {
			all["interface "+i.Name] = true
		}
	}
	for _, s := range b.Stations {
		err := netns.Do(s.NetNS, func() error {
			i, err := net.InterfaceByName(fabric.Interface)
			if err == nil && i.Flags&net.FlagRunning != 0 {
				all["a running "+fabric.Interface+" of "+s.Addr.String()] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
