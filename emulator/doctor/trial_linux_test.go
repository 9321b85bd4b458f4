package doctor

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/orchestrator"
)

const trialEnv = "TB_TRIAL"

// TestTrial tries in one environment; TestTrialRefuses makes many, in which it runs this test.
func TestTrial(t *testing.T) {
	testenv.Privileged(t)
	store := orchestrator.Store(t.TempDir())
	if given := os.Getenv(trialEnv); given != "" {
		store = orchestrator.Store(given)
	}
	err := try(t.Context(), store, []catalogue.Trial{catalogue.Mounts, catalogue.TAP})
	if left, _ := os.ReadDir(string(store)); len(left) > 0 {
		t.Errorf("left in %s: %v", store, left)
	}
	if _, e := os.Stat("/tmp/tb-doctor-hosts"); e == nil {
		t.Error("a mount reached the host")
	}
	if os.Getenv(trialEnv) != "" {
		fmt.Printf("trial: %v\n", err) // the test that made this environment reads it
	} else if err != nil {
		t.Error(err)
	}
}

// Hosts on which Up fails, some of them late: the trial fails on each, and names the reason.
func TestTrialRefuses(t *testing.T) {
	testenv.Privileged(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ flags, prepare, want string }{
		"nothing amiss": {"-m", "true", "<nil>"},
		"/proc/sys is read-only": {"-m",
			"mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys", "read-only"},
		"no devices on /dev/net": {"-m", "mkdir -p /dev/net; mount -t tmpfs -o nodev tb-none /dev/net",
			"/dev/net/tun"},
		"a device that cannot be used": {"-m",
			"mkdir -p /dev/net; mount -t tmpfs -o nodev tb-none /dev/net; mknod /dev/net/tun c 10 200", "/dev/net/tun"},
		"a user namespace, root mapped":    {"-Urm", "true", "sysctl"},
		"the state directory is full":      {"-m", `mount -t tmpfs -o size=16k tb-none "$TB_TRIAL"`, "no space left"},
		"the state directory is read-only": {"-m", `mount -t tmpfs -o ro tb-none "$TB_TRIAL"`, "read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), "unshare", c.flags, "sh", "-ec",
				c.prepare+`; exec "$0" -test.run '^TestTrial$' -test.v`, self)
			command.Env = append(os.Environ(), trialEnv+"="+t.TempDir())
			out, err := command.CombinedOutput()
			_, said, told := strings.Cut(string(out), "trial: ")
			if said, _, _ = strings.Cut(said, "\n--- "); err != nil || !told || !strings.Contains(said, c.want) {
				t.Errorf("%v:\n%s", err, out)
			}
		})
	}
}

// The doctor says ready only if the trial has worked.
func TestDiagnoseIsReadyOnlyAfterATrial(t *testing.T) {
	h := &orchestrator.Host{
		Store:    orchestrator.Store(t.TempDir()),
		Runtimes: []orchestrator.RuntimeOption{{Runtime: engine{name: "process"}, Supported: supported}},
		Fabrics:  []orchestrator.FabricOption{{Name: "userspace", Supported: supported}},
	}
	for _, failure := range []error{nil, errors.New("sysctl: read-only")} {
		d := Diagnose(t.Context(), h, trialThat(failure))
		c := find(t, d, "trial")
		if d.Ready != (failure == nil) || c.OK != (failure == nil) || failure != nil &&
			(c.Found != failure.Error() || c.Remedy == "") {
			t.Errorf("ready %v with %+v", d.Ready, c)
		}
	}
}
