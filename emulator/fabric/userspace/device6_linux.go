package userspace

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
)

// addresses6 is where the kernel lists a namespace's IPv6 addresses. Without IPv6 it is missing.
const addresses6 = "/proc/thread-self/net/if_inet6"

// addressesOf6 are the IPv6 addresses of a station's interface.
func addressesOf6(s *fabric.Station) []netip.Prefix {
	all := []netip.Prefix{fabric.Addr6(s.Addr), fabric.LinkLocal6(s.Addr.Addr())}
	for _, a := range s.Addresses {
		if a.Addr().Is6() {
			all = append(all, a)
		}
	}
	return all
}

// missing6 are the IPv6 addresses that the station's interface lacks, in a kernel that has IPv6.
func missing6(s *fabric.Station) (missing []netip.Prefix, err error) {
	text, err := os.ReadFile(addresses6)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	there := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line) // address, index, prefix, scope, flags, name
		if len(f) == 6 && f[5] == fabric.Interface {
			there[f[0]+"/"+f[2]] = true
		}
	}
	for _, want := range addressesOf6(s) {
		address := want.Addr().As16()
		if !there[fmt.Sprintf("%s/%02x", hex.EncodeToString(address[:]), want.Bits())] {
			missing = append(missing, want)
		}
	}
	return missing, err
}

// in6Ifreq is struct in6_ifreq of include/uapi/linux/ipv6.h.
type in6Ifreq struct {
	address [16]byte
	prefix  uint32
	index   int32
}

// add6 gives the station's interface, which is up, the IPv6 addresses that are missing. Neighbours are not asked for,
// as with IPv4, where the interface has no ARP.
func add6(s *fabric.Station, sock int) error {
	missing, err := missing6(s)
	if len(missing) == 0 || err != nil {
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
	index, err := indexOf(sock)
	if err != nil {
		return err
	}
	for _, want := range missing {
		r := &in6Ifreq{want.Addr().As16(), uint32(want.Bits()), index}
		if err := ioctl(six, unix.SIOCSIFADDR, unsafe.Pointer(r)); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("%s: IPv6 address %v: %w", fabric.Interface, want, err)
		}
	}
	return nil
}

// indexOf is the number of the station's interface.
func indexOf(sock int) (int32, error) {
	device := newIfreq(fabric.Interface)
	if err := ioctl(sock, unix.SIOCGIFINDEX, unsafe.Pointer(device)); err != nil {
		return 0, fmt.Errorf("%s: %w", fabric.Interface, err)
	}
	return *(*int32)(unsafe.Pointer(&device.data[0])), nil
}
