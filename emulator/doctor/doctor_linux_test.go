package doctor

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/orchestrator"
)

func TestMissingCapabilities(t *testing.T) {
	for status, want := range map[string][]string{
		"Name:\tx\nCapEff:\t000001ffffffffff\n": nil,
		"CapEff:\t0000000000000000\n":           {"CAP_NET_ADMIN", "CAP_SYS_ADMIN"},
		"CapEff:\t00000000a80425fb\n":           {"CAP_NET_ADMIN", "CAP_SYS_ADMIN"}, // a container's default set
		"CapEff:\t0000000000001000\n":           {"CAP_SYS_ADMIN"},
	} {
		got, err := missingCapabilities(status)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q lacks %v (%v), want %v", status, got, err, want)
		}
	}
	for _, status := range []string{"", "CapEff:\tnonsense\n"} {
		if _, err := missingCapabilities(status); err == nil {
			t.Errorf("no error for %q", status)
		}
	}
}

func TestListsModule(t *testing.T) {
	const list = "kernel/net/sched/sch_netem.ko: kernel/a/b.ko\nkernel/drivers/net/ifb.ko.xz:\nkernel/fs/nls/nls-base.ko\n"
	for name, want := range map[string]bool{"sch_netem": true, "ifb": true, "nls_base": true, "b": false,
		"netem": false, "": false} {
		if got := listsModule(list, name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestControllers(t *testing.T) {
	make := func(files ...string) string {
		root := t.TempDir()
		for _, f := range files {
			name, content, _ := strings.Cut(f, "=")
			path := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return root
	}
	for _, c := range []struct {
		root, version string
		have          []string
	}{
		{make("cgroup.controllers=cpuset cpu memory\n"), "version 2", []string{"cpuset", "cpu", "memory"}},
		{make("cpu,cpuacct/cgroup.procs=", "memory/cgroup.procs=", "other/x="), "version 1",
			[]string{"cpu", "cpuacct", "memory"}},
		{make(), "none", nil},
		{filepath.Join(t.TempDir(), "absent"), "none", nil},
	} {
		if version, have := controllers(c.root); version != c.version || !slices.Equal(have, c.have) {
			t.Errorf("%s %v, want %s %v", version, have, c.version, c.have)
		}
	}
}

func TestStealShare(t *testing.T) {
	const before = "cpu  100 0 50 800 0 0 0 50 0 0\ncpu0 1 2 3\n"
	for after, want := range map[string]float64{
		"cpu  140 0 60 840 0 0 0 60 0 0\n": 0.1,
		"cpu  140 0 60 850 0 0 0 50 0 0\n": 0,
		before:                             0,
		"cpu  1 2 3\n":                     0,
		"cpu  a b c d e f g h\n":           0,
		"":                                 0,
	} {
		if got := stealShare(before, after); math.Abs(got-want) > 1e-9 {
			t.Errorf("%q: %v, want %v", after, got, want)
		}
	}
}

// Root finds namespaces, veth pairs and TAP devices everywhere that tests run, and the host is as before.
func TestChecksLeaveNothing(t *testing.T) {
	testenv.Privileged(t)
	devices := func() []string {
		entries, err := os.ReadDir("/sys/class/net")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	before := devices()
	d := Diagnose(t.Context(), &orchestrator.Host{}, trialThat(nil))
	for _, name := range []string{"privileges", "namespaces", "veth", "tun"} {
		if c := find(t, d, name); !c.OK {
			t.Errorf("%+v", c)
		}
	}
	if os.Getenv("TB_LAB") == "1" {
		for _, name := range []string{"netem", "ifb", "redirection"} {
			if c := find(t, d, name); !c.OK {
				t.Errorf("the lab's kernel has it: %+v", c)
			}
		}
	}
	// Only the doctor's own names count: other tests may run beside this one.
	for _, name := range devices() {
		if strings.HasPrefix(name, "tb-doctor") || strings.HasPrefix(name, "ifb") && !slices.Contains(before, name) {
			t.Errorf("device %s was left behind", name)
		}
	}
}
