package station

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
)

// TestNamespaceOwesNothingToTheHost: the namespace is made by one that has everything set otherwise, as a
// host may, and takes over from it what the kernel hands on.
func TestNamespaceOwesNothingToTheHost(t *testing.T) {
	testenv.Privileged(t)
	for _, forwards := range []bool{false, true} {
		err := proc.OnSpareThread(func() error {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return err
			}
			spoil(t)
			if err := Settle(forwards); err != nil {
				return err
			}
			compare(t, forwards)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// spoil sets every setting of IPv4's and IPv6's interfaces to what it is not, as far as the kernel lets it.
func spoil(t *testing.T) {
	t.Helper()
	changed := 0
	for _, scope := range []string{"all", "default"} {
		files, err := filepath.Glob("/proc/sys/net/ipv[46]/conf/" + scope + "/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			old, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			value := "1"
			if strings.TrimSpace(string(old)) != "0" {
				value = "0"
			}
			if os.WriteFile(file, []byte(value), 0) == nil {
				changed++
			}
		}
	}
	if changed < 20 {
		t.Fatalf("only %d settings were changed: the test shows nothing", changed)
	}
}

func compare(t *testing.T, forwards bool) {
	t.Helper()
	want := map[string]string{"net/ipv4/ip_forward": "0"}
	if forwards {
		want["net/ipv4/ip_forward"] = "1"
	}
	for _, scope := range []string{"all", "default"} {
		want["net/ipv4/conf/"+scope+"/forwarding"] = want["net/ipv4/ip_forward"]
		for _, setting := range plainHost {
			key, value, _ := strings.Cut(setting, "=")
			want["net/ipv4/conf/"+scope+"/"+key] = value
		}
		want["net/ipv6/conf/"+scope+"/forwarding"] = want["net/ipv4/ip_forward"]
		for _, setting := range map[string][]string{"all": everywhere6, "default": plainHost6}[scope] {
			key, value, _ := strings.Cut(setting, "=")
			want["net/ipv6/conf/"+scope+"/"+key] = value
		}
	}
	for key, value := range want {
		got, err := os.ReadFile("/proc/sys/" + key)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil || strings.TrimSpace(string(got)) != value {
			t.Errorf("forwards %v: %s is %q, want %q (%v)", forwards, key, got, value, err)
		}
	}
}
