package kerneltime

import (
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/testenv"
)

func TestStamps(t *testing.T) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[0])
	defer unix.Close(ends[1])
	if err := Stamp(ends[1]); err != nil {
		t.Fatal(err)
	}
	receive := func() (control []byte) {
		t.Helper()
		var text [8]byte
		control = make([]byte, ControlSize)
		_, n, _, _, err := unix.Recvmsg(ends[1], text[:], control, 0)
		if err != nil {
			t.Fatal(err)
		}
		return control[:n]
	}
	// The first packets after the kernel was asked may have none.
	testenv.Eventually(t, "packets have time stamps", func() bool {
		before := Now(unix.CLOCK_REALTIME)
		if _, err := unix.Write(ends[0], []byte("x")); err != nil {
			t.Fatal(err)
		}
		control := receive()
		if at := Stamped(control); at > 0 {
			if now := Now(unix.CLOCK_REALTIME); at < before || at > now {
				t.Errorf("it came at %d, between %d and %d", at, before, now)
			}
			if Stamped(control[:8]) != 0 || Stamped(nil) != 0 || Stamped(make([]byte, ControlSize)) != 0 {
				t.Error("what is no time stamp is taken for one")
			}
			return true
		}
		return false
	})
}

func TestNow(t *testing.T) {
	if a, b := Now(unix.CLOCK_MONOTONIC), Now(unix.CLOCK_MONOTONIC); a <= 0 || b < a || Now(-1000) != 0 {
		t.Errorf("%d, then %d; of no clock %d", a, b, Now(-1000))
	}
}
