package userspace

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
)

// addresses6 is where the kernel lists a namespace's IPv6 addresses. Without IPv6 it is missing.
const addresses6 = "/proc/thread-self/net/if_inet6"

// missing6 says whether the station's interface lacks its IPv6 address, in a kernel that has IPv6.
func missing6(s fabric.Station) (bool, error) {
	text, err := os.ReadFile(addresses6)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	want := fabric.Addr6(s.Addr)
	address := want.Addr().As16()
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line) // address, index, prefix, scope, flags, name
		if len(f) == 6 && f[0] == hex.EncodeToString(address[:]) && f[5] == fabric.Interface {
			return f[2] != fmt.Sprintf("%02x", want.Bits()), nil
		}
	}
	return true, err
}

// in6Ifreq is struct in6_ifreq of include/uapi/linux/ipv6.h.
type in6Ifreq struct {
	address [16]byte
	prefix  uint32
	index   int32
}

// add6 gives the station's interface, which is up, its IPv6 address, where that is missing. Neighbours are not asked
// for, as with IPv4: the interface has no ARP.
func add6(s fabric.Station, sock int) error {
	missing, err := missing6(s)
	if !missing || err != nil {
		return err
	}
	if err := station.Enable6(); err != nil {
		return err
	}
	six, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("IPv6: %w", err)
	}
	defer unix.Close(six)
	device := newIfreq(fabric.Interface)
	if err := ioctl(sock, unix.SIOCGIFINDEX, unsafe.Pointer(device)); err != nil {
		return fmt.Errorf("%s: %w", fabric.Interface, err)
	}
	want := fabric.Addr6(s.Addr)
	r := &in6Ifreq{want.Addr().As16(), uint32(want.Bits()), *(*int32)(unsafe.Pointer(&device.data[0]))}
	if err := ioctl(six, unix.SIOCSIFADDR, unsafe.Pointer(r)); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("%s: IPv6 address %v: %w", fabric.Interface, want, err)
	}
	return nil
}
