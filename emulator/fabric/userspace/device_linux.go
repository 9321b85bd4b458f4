package userspace

import (
	"bytes"
	"encoding/binary"
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
	mtu  int  // bytes
	arp  bool // it asks for its neighbours' hardware addresses
	ways []way
}

// ifaces are those of a network's stations.
func ifaces(n *fabric.Network) []iface {
	all := make([]iface, len(n.Stations))
	stations := map[topology.ID]*fabric.Station{}
	for i := range n.Stations {
		stations[n.Stations[i].ID] = &n.Stations[i]
	}
	routed := fabric.Routed(n)
	for i := range n.Stations {
		s := &n.Stations[i]
		all[i] = iface{mtu: n.Topology.HostMTU(s.ID), arp: n.ARP, ways: waysOf(s)}
		if routed {
			all[i].ways = append(all[i].ways, routedWays(s, stations)...)
		}
	}
	return all
}

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
