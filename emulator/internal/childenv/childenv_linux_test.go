package childenv

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const value = "s3cr3t"

// TestChildrenInheritNoSecret starts children in every way that gives an environment, the one that names none
// above all.
func TestChildrenInheritNoSecret(t *testing.T) {
	t.Setenv(InfluxToken, value+"-token")
	t.Setenv(InfluxURL, "http://u:"+value+"@h")
	t.Setenv("LAB_TOKEN", value+"-lab")
	t.Setenv("UNRELATED", "stays")
	if got := Secret("LAB_TOKEN"); got != value+"-lab" {
		t.Fatalf("LAB_TOKEN is %q", got)
	}
	Hide()
	for what, environ := range map[string][]string{"none": nil, "Environ": Environ(), "Minimal": Minimal()} {
		command := exec.Command("env")
		command.Env = environ
		out, err := command.Output()
		if err != nil || !strings.Contains(string(out), "PATH=") {
			t.Fatalf("%s: %v: %s", what, err, out)
		}
		if strings.Contains(string(out), value) {
			t.Errorf("%s: the child has the secret:\n%s", what, out)
		}
		if unrelated := strings.Contains(string(out), "UNRELATED=stays"); unrelated == (what == "Minimal") {
			t.Errorf("%s: the user's own variable is passed on: %v", what, unrelated)
		}
	}
	for name, want := range map[string]string{InfluxToken: value + "-token", InfluxURL: "http://u:" + value + "@h"} {
		if got := Secret(name); got != want {
			t.Errorf("%s is %q when asked again", name, got)
		}
	}
}

func TestSecretIsReadAnewWhereItIsSetAnew(t *testing.T) {
	for _, want := range []string{"one", "two", ""} {
		t.Setenv("LAB_TOKEN", want)
		if got := Secret("LAB_TOKEN"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if slices.ContainsFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LAB_TOKEN=") }) {
			t.Error("it is still in the environment")
		}
	}
}

func TestNoCoreFilesWithASecret(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &before); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &before)
		_ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	})
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: before.Max, Max: before.Max})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	t.Setenv(InfluxToken, value)
	Hide()
	var after unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &after); err != nil || after.Cur != 0 {
		t.Errorf("the limit of core files is %d, %v", after.Cur, err)
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 0 {
		t.Errorf("a core may still go to a program: %d, %v", dumpable, err)
	}
	if status, err := os.ReadFile("/proc/self/status"); err != nil || len(status) == 0 {
		t.Errorf("the process no longer reads its own files: %v", err)
	}
}
