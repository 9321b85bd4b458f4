package process

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
)

// servicesEnv tells the test that it has a mount namespace of its own.
const servicesEnv = "TB_TEST_SERVICES"

// TestNameServicesOfTheHostAreOutOfReach has name services on a host, one of which comes up later than the node.
func TestNameServicesOfTheHostAreOutOfReach(t *testing.T) {
	testenv.Privileged(t)
	if os.Getenv(servicesEnv) == "" { // the host's own /run stays as it is
		again := exec.Command("/proc/self/exe", "-test.run", "^"+t.Name()+"$", "-test.v")
		again.Env = append(os.Environ(), servicesEnv+"=1")
		again.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
		out, err := again.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	order := "passwd: files sss\nhosts: mymachines mdns4 resolve [!UNAVAIL=return] files\nservices: files\n"
	hostOf(t, order)
	daemon(t, "/run/nscd/socket")
	daemon(t, "/run/systemd/resolve/io.systemd.Resolve")
	daemon(t, "/run/mine/socket")
	r, node := oneNode(t, "services")
	daemon(t, "/run/avahi-daemon/socket")
	inside := func(script string) string {
		var out bytes.Buffer
		stdio := noderuntime.Stdio{Out: &out, Err: &out}
		code, err := r.Exec(context.Background(), node, []string{"sh", "-c", script}, stdio)
		if code != 0 || err != nil {
			t.Errorf("%s: status %d, %v: %s", script, code, err, out.String())
		}
		return out.String()
	}
	for range 2 { // a second command finds all as it is
		sockets := inside("find /run -type s | sort")
		if sockets != "/run/mine/socket\n" {
			t.Errorf("in the node there are the sockets %s", sockets)
		}
	}
	want := "passwd: files sss\nhosts: files dns\nservices: files\n"
	if got := inside("cat /etc/nsswitch.conf"); got != want {
		t.Errorf("names are looked up by %s", got)
	}
	if got := inside("grep -c tb-hidden /proc/self/mounts"); strings.TrimSpace(got) != "3" {
		t.Errorf("%s directories are hidden, want each once", got)
	}
	if got, err := os.ReadFile("/etc/nsswitch.conf"); err != nil || string(got) != order {
		t.Errorf("the host's own has become %s (%v)", got, err)
	}
	if _, err := os.Stat("/run/nscd/socket"); err != nil {
		t.Errorf("the host's own service is hidden: %v", err)
	}
}

// hostOf makes the test's mount namespace that of a host with an empty /run that looks names up in an order.
func hostOf(t *testing.T, order string) {
	t.Helper()
	nsswitch := filepath.Join(t.TempDir(), "nsswitch.conf")
	if err := os.WriteFile(nsswitch, []byte(order), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tb-run", "/run", "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/etc/nsswitch.conf"); err != nil {
		testenv.Missing(t, "/etc/nsswitch.conf is not there")
	}
	if err := unix.Mount(nsswitch, "/etc/nsswitch.conf", "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
}

// daemon listens at a socket.
func daemon(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
}
