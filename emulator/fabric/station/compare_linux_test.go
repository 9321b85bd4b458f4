package station

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
)

// TestCompareSeesWhatWasAltered: all that Settle and Tune set, one by one, and nothing else.
func TestCompareSeesWhatWasAltered(t *testing.T) {
	testenv.Privileged(t)
	s := fabric.Station{Sysctls: map[string]string{
		"net.ipv4.tcp_rmem": "4096 131072 6291456", "net/ipv4/icmp_ratemask": "0x1818", "net/core/somaxconn": "77",
		"net.ipv4.ip_forward": "0",
	}}
	err := proc.OnSpareThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		if err := Settle(false); err != nil {
			return err
		}
		if err := Tune(s); err != nil {
			return err
		}
		if notes := Compare(s); len(notes) > 0 {
			t.Errorf("as it was set: %q", notes)
		}
		for key, value := range map[string]string{
			"net/ipv4/conf/all/rp_filter": "2", "net/ipv4/conf/all/accept_local": "1", "net/ipv4/ip_forward": "1",
			"net/core/somaxconn": "78", "net/ipv4/tcp_rmem": "4096 131072 6291457",
		} {
			if err := Sysctl(key, value); err != nil {
				return err
			}
			if notes := Compare(s); len(notes) == 0 || !strings.Contains(strings.ReplaceAll(notes[0], ".", "/"), key) {
				t.Errorf("%s altered: %q", key, notes)
			}
			if err := Settle(false); err != nil {
				return err
			}
			if err := Tune(s); err != nil {
				return err
			}
		}
		if notes := Compare(fabric.Station{Sysctls: map[string]string{"net/ipv4/tb_none": "1"}}); len(notes) != 1 {
			t.Errorf("a variable that does not exist: %q", notes)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
