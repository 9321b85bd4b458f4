package station

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// congestionEnv makes the test binary add to the list in a directory, and stay.
const congestionEnv = "TB_TEST_CONGESTION"

func TestMain(m *testing.M) {
	if dir := os.Getenv(congestionEnv); dir != "" {
		_, err := listIn(dir).allow([]string{"cubic", "reno"})
		fmt.Println("allowed", err)
		time.Sleep(time.Minute)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func listIn(dir string) congestion {
	return congestion{list: filepath.Join(dir, "list"), record: filepath.Join(dir, "record"), patience: time.Minute}
}

// hostWith is a host that allows some congestion controls.
func hostWith(t *testing.T, names string) congestion {
	t.Helper()
	c := listIn(t.TempDir())
	if err := os.WriteFile(c.list, []byte(names+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c congestion) expect(t *testing.T, want string) {
	t.Helper()
	names, err := c.allowed()
	if got := strings.Join(names, " "); err != nil || got != want {
		t.Errorf("allowed are %q (%v), want %q", got, err, want)
	}
}

// gone checks that nothing is left beside the list.
func (c congestion) gone(t *testing.T) {
	t.Helper()
	if _, err := os.Lstat(c.record); !os.IsNotExist(err) {
		t.Errorf("the record is left: %v", err)
	}
}

func TestCongestionControlsAreAllowedForAMoment(t *testing.T) {
	c := hostWith(t, "reno bbr")
	restore, err := c.allow([]string{"cubic", "reno"})
	if err != nil {
		t.Fatal(err)
	}
	c.expect(t, "reno bbr cubic")
	if err := os.WriteFile(c.list, []byte("bbr cubic dctcp"), 0o644); err != nil { // the administrator, meanwhile
		t.Fatal(err)
	}
	restore()
	c.expect(t, "bbr dctcp")
	c.gone(t)
	restore, err = c.allow([]string{"bbr"}) // there already
	if err != nil {
		t.Fatal(err)
	}
	c.expect(t, "bbr dctcp")
	restore()
	c.gone(t)
}

// TestCongestionControlsOfTwoAtOnce: none finds the list without what it needs while it needs it.
func TestCongestionControlsOfTwoAtOnce(t *testing.T) {
	c := hostWith(t, "reno")
	var all sync.WaitGroup
	for i := range 8 {
		own := []string{"cubic", fmt.Sprint("other", i%3)}
		all.Go(func() {
			for range 20 {
				restore, err := c.allow(own)
				if err != nil {
					t.Error(err)
					return
				}
				names, err := c.allowed()
				if err != nil || strings.Join(names, " ") != "reno "+strings.Join(own, " ") {
					t.Errorf("%v: allowed are %v (%v)", own, names, err)
				}
				restore()
			}
		})
	}
	all.Wait()
	c.expect(t, "reno")
	c.gone(t)
}

// killed kills a process that has just added to the list.
func (c congestion) killed(t *testing.T) {
	t.Helper()
	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), congestionEnv+"="+filepath.Dir(c.list))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	c.expect(t, "reno bbr cubic")
	if err := c.mend(); err != nil { // it is at work
		t.Error(err)
	}
	c.expect(t, "reno bbr cubic")
	_ = child.Process.Kill()
	_ = child.Wait()
	if err != nil || line != "allowed <nil>\n" {
		t.Fatalf("it says %q, %v", line, err)
	}
}

func TestCongestionControlsAfterAKill(t *testing.T) {
	c := hostWith(t, "reno bbr")
	c.killed(t)
	if err := c.mend(); err != nil {
		t.Fatal(err)
	}
	c.expect(t, "reno bbr")
	c.gone(t)
	c.killed(t)
	restore, err := c.allow([]string{"vegas"}) // the next one mends it too
	if err != nil {
		t.Fatal(err)
	}
	c.expect(t, "reno bbr vegas")
	restore()
	c.expect(t, "reno bbr")
	c.gone(t)
}

func TestCongestionRecordIsNoLink(t *testing.T) {
	c := hostWith(t, "reno")
	target := filepath.Join(t.TempDir(), "target")
	if err := os.Symlink(target, c.record); err != nil {
		t.Fatal(err)
	}
	if _, err := c.allow([]string{"cubic"}); err == nil {
		t.Error("a link was followed")
	}
	if _, err := os.Lstat(target); err == nil {
		t.Error("its target was made")
	}
	c.expect(t, "reno")
}

// A process in namespaces of its own has the list and the record of the host's.
func TestTheListIsTheHosts(t *testing.T) {
	here := listIn("/run/x").from("/proc/self")
	if here.space != "" || here.record != "/run/x/record" {
		t.Errorf("a process of the host's own: %+v", here)
	}
	stay := exec.Command("sleep", "60")
	stay.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	if err := stay.Start(); err != nil {
		t.Skipf("making namespaces: %v", err)
	}
	t.Cleanup(func() { _, _ = stay.Process.Kill(), stay.Wait() })
	first := fmt.Sprintf("/proc/%d", stay.Process.Pid)
	there := listIn("/run/x").from(first)
	if there.space != first+"/ns/net" || there.record != first+"/root/run/x/record" {
		t.Errorf("as seen from elsewhere: %+v", there)
	}
	var inside unix.Stat_t
	if err := there.within(func() error { return unix.Stat("/proc/thread-self/ns/net", &inside) }); err != nil {
		t.Fatal(err)
	}
	var its unix.Stat_t
	if err := unix.Stat(there.space, &its); err != nil || inside.Ino != its.Ino {
		t.Errorf("the list is looked for in namespace %d, not %d: %v", inside.Ino, its.Ino, err)
	}
}
