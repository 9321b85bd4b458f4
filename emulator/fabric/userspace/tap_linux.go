package userspace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
)

const (
	tunPath   = "/dev/net/tun"
	ringSize  = 4096 // frames that a device holds for the fabric: a TAP has no back-pressure
	tunCSum   = 0x01 // TUN_F_CSUM, include/uapi/linux/if_tun.h
	tunTSO4   = 0x02 // TUN_F_TSO4
	tunTSO6   = 0x04 // TUN_F_TSO6
	headerLen = 16   // of an ifreq's name
)

// ifreq is struct ifreq: a name, and a union of at most 24 bytes.
type ifreq struct {
	name [headerLen]byte
	data [24]byte
}

func newIfreq(name string) *ifreq {
	r := new(ifreq)
	copy(r.name[:headerLen-1], name)
	return r
}

func ioctl(fd int, call uintptr, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), call, uintptr(arg))
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return errno
		}
		return nil
	}
}

// ensureTun makes the device node where it is missing.
func ensureTun() error {
	if _, err := os.Stat(tunPath); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(tunPath), 0o755); err != nil {
		return err
	}
	err := unix.Mknod(tunPath, unix.S_IFCHR|0o600, int(unix.Mkdev(10, 200)))
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("make %s: %w", tunPath, err)
	}
	return nil
}

// openStation makes the station's interface in the namespace that the calling thread is in, and returns
// the other end of it.
func openStation(s fabric.Station, i iface) (fd int, err error) {
	// Before there is an interface, which takes over what is set.
	if err := station.Settle(false); err != nil {
		return -1, err
	}
	left, err := removeDoubles(s)
	if err != nil {
		return -1, err
	}
	fd, err = openTap(fabric.Interface)
	if err != nil {
		return -1, err
	}
	defer func() {
		if err != nil {
			_ = unix.Close(fd)
		}
	}()
	if err := unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 1); err != nil {
		return -1, fmt.Errorf("TAP device %s: %w", fabric.Interface, err)
	}
	if left { // by an earlier process, with what has been made of it since
		err = station.Resettle()
	}
	if err = errors.Join(err, station.Tune(s)); err != nil {
		return -1, err
	}
	return fd, configure(s, i, true)
}

// removeDoubles removes devices that an earlier process made for the station and somebody has renamed since: they
// have its address, and would take its packets. It says whether there is one of the right name.
func removeDoubles(s fabric.Station) (left bool, err error) {
	sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	defer unix.Close(sock)
	for _, name := range devices() {
		if name == fabric.Interface {
			left = true
		}
		if name == fabric.Interface || name == "lo" || !isOf(sock, name, s) {
			continue
		}
		fd, err := openTap(name)
		if err == nil {
			err = unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 0)
			_ = unix.Close(fd)
		}
		if err != nil {
			return left, fmt.Errorf("remove the interface %s, which has the station's hardware address: %w", name, err)
		}
	}
	return left, nil
}

// isOf says whether a device has a station's hardware address.
func isOf(sock int, device string, s fabric.Station) bool {
	for _, p := range properties(s, iface{}) {
		if p.call == unix.SIOCGIFHWADDR {
			got, err := p.read(sock, device)
			return err == nil && got == p.want
		}
	}
	return false
}

// openTap opens a device, and makes it where it does not exist.
func openTap(name string) (int, error) {
	fd, err := unix.Open(tunPath, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("%s: %w", tunPath, err)
	}
	r := newIfreq(name)
	binary.NativeEndian.PutUint16(r.data[:], unix.IFF_TAP|unix.IFF_NO_PI|unix.IFF_VNET_HDR)
	header := int32(virtioLen)
	err = ioctl(fd, unix.TUNSETIFF, unsafe.Pointer(r))
	if err == nil {
		err = ioctl(fd, unix.TUNSETVNETHDRSZ, unsafe.Pointer(&header))
	}
	// The engine itself takes bursts apart where a path wants that, so every station may send them.
	if err == nil {
		err = unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, tunCSum|tunTSO4|tunTSO6)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("TAP device %s: %w", name, err)
	}
	return fd, nil
}

// configure addresses the interface and brings it and the loopback up. What is as it should be it does not touch.
// A fresh one, whose other end was opened just now, it takes down before: the kernel notices in its own time, in
// large networks after seconds, that an interface which is up has a carrier again, and drops all packets until then.
func configure(s fabric.Station, i iface, fresh bool) error {
	sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(sock)
	address, mac := s.Addr.Addr().As4(), hardware(addrInt(s.Addr.Addr()))
	// As to ARP before it is up. Another one that is up stays so, or routes that somebody has added would go.
	before, err := flagsOf(sock, fabric.Interface)
	if err != nil {
		return fmt.Errorf("%s: %w", fabric.Interface, err)
	}
	if before = (before | i.flags()&^unix.IFF_UP) &^ (upFlags &^ i.flags()); fresh {
		before &^= unix.IFF_UP
	}
	steps := []struct {
		what  string
		call  uintptr
		name  string
		value []byte
	}{
		{"hardware address", unix.SIOCSIFHWADDR, fabric.Interface, sockaddr(unix.ARPHRD_ETHER, mac[:])},
		{"MTU", unix.SIOCSIFMTU, fabric.Interface, native32(uint32(i.mtu))},
		{"queue length", unix.SIOCSIFTXQLEN, fabric.Interface, native32(ringSize)},
		{"flags", unix.SIOCSIFFLAGS, fabric.Interface, native16(before & i.flags())},
		{"address", unix.SIOCSIFADDR, fabric.Interface, internet(address[:])},
		{"netmask", unix.SIOCSIFNETMASK, fabric.Interface, internet(net.CIDRMask(s.Addr.Bits(), 32))},
		{"up", unix.SIOCSIFFLAGS, fabric.Interface, native16(i.flags())},
		{"up", unix.SIOCSIFFLAGS, "lo", native16(unix.IFF_UP | unix.IFF_LOOPBACK)},
	}
	for _, step := range steps {
		r := newIfreq(step.name)
		copy(r.data[:], step.value)
		if err := ioctl(sock, step.call, unsafe.Pointer(r)); err != nil {
			return fmt.Errorf("%s: %s: %w", step.name, step.what, err)
		}
	}
	return errors.Join(add4(&s, sock), add6(&s, sock), addWays(i.ways, sock))
}

func native16(n uint16) []byte { return binary.NativeEndian.AppendUint16(nil, n) }
func native32(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

func sockaddr(family uint16, data []byte) []byte { return append(native16(family), data...) }

// internet is a sockaddr_in with port 0.
func internet(address []byte) []byte {
	return sockaddr(unix.AF_INET, append([]byte{0, 0}, address...))
}
