package userspace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// upFlags are those of a station's interface. There is no ARP, unless the network wants it: addresses are known.
const upFlags = unix.IFF_UP | unix.IFF_NOARP | unix.IFF_BROADCAST | unix.IFF_MULTICAST

// iface is what the network wants of a station's interface, beside its addresses.
type iface struct {
	mtu int  // bytes
	arp bool // it asks for its neighbours' hardware addresses
}

func ifaceOf(n *fabric.Network, id topology.ID) iface { return iface{n.Topology.HostMTU(id), n.ARP} }

// flags are those that it has of upFlags.
func (i iface) flags() uint16 {
	if i.arp {
		return upFlags &^ unix.IFF_NOARP
	}
	return upFlags
}

// property is something of a device that an ioctl reads.
type property struct {
	call      uintptr
	want      string
	size      int // bytes
	mask      uint16
	complaint string
}

// properties are those that a station's interface is to have.
func properties(s fabric.Station, i iface) []property {
	address, mac := s.Addr.Addr().As4(), hardware(addrInt(s.Addr.Addr()))
	name := fabric.Interface
	flags := native16(i.flags())
	return []property{
		{unix.SIOCGIFFLAGS, string(flags), 2, upFlags, name + " is down, or its flags were changed"},
		{unix.SIOCGIFHWADDR, string(sockaddr(unix.ARPHRD_ETHER, mac[:])), 8, 0, name + " has another hardware address"},
		{unix.SIOCGIFMTU, string(native32(uint32(i.mtu))), 4, 0, name + " has another MTU"},
		{unix.SIOCGIFTXQLEN, string(native32(ringSize)), 4, 0, name + " has another queue length"},
		{unix.SIOCGIFADDR, string(internet(address[:])), 8, 0, "its address is not " + s.Addr.Addr().String()},
		{unix.SIOCGIFNETMASK, string(internet(net.CIDRMask(s.Addr.Bits(), 32))), 8, 0,
			"its prefix is not " + s.Addr.String()},
	}
}

func (p *property) read(sock int, device string) (string, error) {
	r := newIfreq(device)
	if err := ioctl(sock, p.call, unsafe.Pointer(r)); err != nil {
		return "", err
	}
	if p.mask != 0 {
		return string(native16(binary.NativeEndian.Uint16(r.data[:]) & p.mask)), nil
	}
	return string(r.data[:p.size]), nil
}

func flagsOf(sock int, device string) (uint16, error) {
	r := newIfreq(device)
	err := ioctl(sock, unix.SIOCGIFFLAGS, unsafe.Pointer(r))
	return binary.NativeEndian.Uint16(r.data[:]), err
}

// tapName is the present name of the device whose other end is fd.
func tapName(fd int) (string, error) {
	r := new(ifreq)
	if err := ioctl(fd, unix.TUNGETIFF, unsafe.Pointer(r)); err != nil {
		return "", err
	}
	name, _, _ := bytes.Cut(r.name[:], []byte{0})
	return string(name), nil
}

// rename gives a device, which is taken down for it, the name that a station's has.
func rename(sock int, from string) error {
	if err := renameTo(sock, from, fabric.Interface); err != nil {
		return fmt.Errorf("rename %s back to %s (is another interface of that name in the way?): %w",
			from, fabric.Interface, err)
	}
	return nil
}

func renameTo(sock int, from, to string) error {
	flags, err := flagsOf(sock, from)
	if err != nil {
		return err
	}
	if err := setFlags(sock, from, flags&^unix.IFF_UP); err != nil {
		return err
	}
	r := newIfreq(from)
	copy(r.data[:headerLen-1], to)
	return ioctl(sock, unix.SIOCSIFNAME, unsafe.Pointer(r))
}

func setFlags(sock int, device string, flags uint16) error {
	r := newIfreq(device)
	copy(r.data[:], native16(flags))
	return ioctl(sock, unix.SIOCSIFFLAGS, unsafe.Pointer(r))
}

// way is a route through a station's interface.
type way struct{ to, mask [4]byte }

// waysOf are the routes that a station needs: to its network, to groups of receivers, and to everybody.
func waysOf(s fabric.Station) []way {
	mask := [4]byte(net.CIDRMask(s.Addr.Bits(), 32))
	everybody := [4]byte{255, 255, 255, 255}
	return []way{{s.Addr.Masked().Addr().As4(), mask}, {[4]byte{224}, [4]byte{240}}, {everybody, everybody}}
}

// missingRoutes are those of the station's that the namespace of the calling thread has not.
func missingRoutes(s fabric.Station) ([]way, error) {
	text, err := os.ReadFile("/proc/thread-self/net/route")
	if err != nil {
		return nil, err
	}
	there := map[way]bool{}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line) // Iface Destination Gateway Flags RefCnt Use Metric Mask ...
		if len(f) < 8 || f[0] != fabric.Interface || f[2] != "00000000" {
			continue
		}
		to, err := strconv.ParseUint(f[1], 16, 32)
		mask, wrong := strconv.ParseUint(f[7], 16, 32)
		if err == nil && wrong == nil {
			there[way{[4]byte(native32(uint32(to))), [4]byte(native32(uint32(mask)))}] = true
		}
	}
	var missing []way
	for _, w := range waysOf(s) {
		if !there[w] {
			missing = append(missing, w)
		}
	}
	return missing, nil
}

// rtentry is struct rtentry of include/uapi/linux/route.h.
type rtentry struct {
	_                   uintptr
	dst, gateway, mask  [16]byte
	flags               uint16
	_                   int16
	_                   uintptr
	_                   uintptr
	metric              int16
	device              *byte
	_, _                uintptr
	initialRoundTripMax uint16
}

func (w way) add(sock int) error {
	device := append([]byte(fabric.Interface), 0)
	r := &rtentry{flags: unix.RTF_UP, device: &device[0]}
	copy(r.dst[:], internet(w.to[:]))
	copy(r.mask[:], internet(w.mask[:]))
	if w.mask == [4]byte{255, 255, 255, 255} {
		r.flags |= unix.RTF_HOST
	}
	err := ioctl(sock, unix.SIOCADDRT, unsafe.Pointer(r))
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("%s: route to %d.%d.%d.%d: %w", fabric.Interface, w.to[0], w.to[1], w.to[2], w.to[3], err)
	}
	return nil
}

// devices lists those of the namespace that the calling thread is in.
func devices() []string {
	var names []string
	_ = eachDevice(func(name string, _ []string) { names = append(names, name) })
	return names
}

// droppedBy counts, in the namespace of the calling thread, the packets that a device's queue had no room for.
func droppedBy(device string) (n uint64) {
	_ = eachDevice(func(name string, f []string) {
		// Eight columns of what is received, then bytes, packets, errors and drops of what is sent.
		if name == device && len(f) > 11 {
			n, _ = strconv.ParseUint(f[11], 10, 64)
		}
	})
	return n
}

func eachDevice(f func(name string, columns []string)) error {
	text, err := os.ReadFile("/proc/thread-self/net/dev")
	for line := range strings.Lines(string(text)) {
		if name, rest, ok := strings.Cut(line, ":"); ok {
			f(strings.TrimSpace(name), strings.Fields(rest))
		}
	}
	return err
}
