package userspace

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// way is a route of the kernel's through a station's interface.
type way struct {
	to      netip.Prefix
	gateway netip.Addr // invalid: none
	metric  int
}

// lastMetric is that of the routes to everybody, behind whatever a node's programs have for themselves.
const lastMetric = 30_000

// waysOf are the routes that every station needs: to its network, to groups of receivers, and to everybody in its
// segment.
func waysOf(s *fabric.Station) []way {
	return []way{
		{to: s.Addr.Masked()}, {to: netip.MustParsePrefix("224.0.0.0/4")},
		{to: netip.MustParsePrefix("255.255.255.255/32")},
	}
}

// routedWays are the others, in a network with further addresses and routes: to whatever the fabric may know, and those
// of the station's own.
func routedWays(s *fabric.Station, stations map[topology.ID]*fabric.Station) []way {
	all := []way{
		{to: netip.PrefixFrom(netip.IPv4Unspecified(), 0), metric: lastMetric},
		{to: netip.PrefixFrom(netip.IPv6Unspecified(), 0), metric: lastMetric},
	}
	for _, r := range s.Routes {
		if via := stations[r.Via]; via != nil {
			w := way{to: r.To, gateway: fabric.Gateway(r.To, *via)}
			if r.To.Addr().Is6() {
				w.metric = metric6
			}
			all = append(all, w)
		}
	}
	return all
}

// metric6 is what the kernel gives a route of IPv6 that has none.
const metric6 = 1024

// Where the kernel lists a namespace's routes. Without IPv6 the second is missing.
const (
	routes4 = "/proc/thread-self/net/route"
	routes6 = "/proc/thread-self/net/ipv6_route"
)

// missingWays are those that the namespace of the calling thread has not; of IPv6, in a kernel that has it.
func missingWays(wanted []way) ([]way, error) {
	there := map[way]bool{}
	if err := readWays(routes4, there, parseWay4); err != nil {
		return nil, err
	}
	err := readWays(routes6, there, parseWay6)
	without := errors.Is(err, fs.ErrNotExist)
	if err != nil && !without {
		return nil, err
	}
	var missing []way
	for _, w := range wanted {
		if !there[w] && !(without && w.to.Addr().Is6()) {
			missing = append(missing, w)
		}
	}
	return missing, nil
}

func readWays(path string, into map[way]bool, parse func(fields []string) (way, bool)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if w, ok := parse(strings.Fields(line)); ok {
			into[w] = true
		}
	}
	return nil
}

// parseWay4 reads a line: Iface Destination Gateway Flags RefCnt Use Metric Mask ...
func parseWay4(f []string) (w way, ok bool) {
	if len(f) < 8 || f[0] != fabric.Interface {
		return w, false
	}
	to, a := strconv.ParseUint(f[1], 16, 32)
	gateway, b := strconv.ParseUint(f[2], 16, 32)
	metric, c := strconv.Atoi(f[6])
	mask, d := strconv.ParseUint(f[7], 16, 32)
	if errors.Join(a, b, c, d) != nil {
		return w, false
	}
	bits := 0
	for _, x := range native32(uint32(mask)) {
		for ; x&0x80 != 0; x <<= 1 {
			bits++
		}
	}
	address := func(n uint64) netip.Addr { return netip.AddrFrom4([4]byte(native32(uint32(n)))) }
	w = way{to: netip.PrefixFrom(address(to), bits), metric: metric}
	if gateway != 0 {
		w.gateway = address(gateway)
	}
	return w, true
}

// parseWay6 reads a line: destination, length, source, length, next hop, metric, references, uses, flags, interface.
func parseWay6(f []string) (w way, ok bool) {
	if len(f) < 10 || f[9] != fabric.Interface {
		return w, false
	}
	var to, gateway [16]byte
	_, a := hex.Decode(to[:], []byte(f[0])[:min(len(f[0]), 32)])
	bits, b := strconv.ParseUint(f[1], 16, 8)
	_, c := hex.Decode(gateway[:], []byte(f[4])[:min(len(f[4]), 32)])
	metric, d := strconv.ParseUint(f[5], 16, 32)
	if errors.Join(a, b, c, d) != nil {
		return w, false
	}
	w = way{to: netip.PrefixFrom(netip.AddrFrom16(to), int(bits)), metric: int(metric)}
	if gateway != [16]byte{} {
		w.gateway = netip.AddrFrom16(gateway)
	}
	return w, true
}

// addWays adds routes, as far as they are missing.
func addWays(wanted []way, sock int) error {
	missing, err := missingWays(wanted)
	for _, w := range missing {
		err = errors.Join(err, w.set(sock, unix.SIOCADDRT))
	}
	return err
}

// set adds the route or, by SIOCDELRT, removes it. One that is there, or not, is as good.
func (w way) set(sock int, call uintptr) error {
	if w.to.Addr().Is4() {
		return w.set4(sock, call)
	}
	return w.set6(sock, call)
}

// rtentry is struct rtentry of include/uapi/linux/route.h.
type rtentry struct {
	_                   uintptr
	dst, gateway, mask  [16]byte
	flags               uint16
	_                   int16
	_                   uintptr
	_                   uintptr
	metric              int16 // and 1
	device              *byte
	_, _                uintptr
	initialRoundTripMax uint16
}

// set4 is set of IPv4.
func (w way) set4(sock int, call uintptr) error {
	device := append([]byte(fabric.Interface), 0)
	to, all := w.to.Addr().As4(), uint32(0xffffffff)
	mask := netip.PrefixFrom(netip.AddrFrom4(bytes4(all)), w.to.Bits()).Masked().Addr().As4()
	r := &rtentry{flags: unix.RTF_UP, device: &device[0], metric: int16(w.metric + 1)}
	copy(r.dst[:], internet(to[:]))
	copy(r.mask[:], internet(mask[:]))
	if w.to.Bits() == 32 {
		r.flags |= unix.RTF_HOST
	}
	if w.gateway.IsValid() {
		gateway := w.gateway.As4()
		copy(r.gateway[:], internet(gateway[:]))
		r.flags |= unix.RTF_GATEWAY
	}
	return w.result(ioctl(sock, call, unsafe.Pointer(r)))
}

// in6Rtmsg is struct in6_rtmsg of include/uapi/linux/ipv6_route.h.
type in6Rtmsg struct {
	dst, source, gateway [16]byte
	_                    uint32
	dstBits, sourceBits  uint16
	metric               uint32
	_                    uintptr
	flags                uint32
	index                int32
}

// set6 is set of IPv6.
func (w way) set6(sock int, call uintptr) error {
	index, err := indexOf(sock)
	if err != nil {
		return err
	}
	six, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EAFNOSUPPORT) && call == unix.SIOCDELRT {
		return nil // a kernel without IPv6 has none
	}
	if err != nil {
		return w.result(err)
	}
	defer unix.Close(six)
	r := &in6Rtmsg{dst: w.to.Addr().As16(), dstBits: uint16(w.to.Bits()), metric: uint32(w.metric), flags: unix.RTF_UP,
		index: index}
	if w.gateway.IsValid() {
		r.gateway = w.gateway.As16()
		r.flags |= unix.RTF_GATEWAY
	}
	return w.result(ioctl(six, call, unsafe.Pointer(r)))
}

func (w way) result(err error) error {
	if err == nil || errors.Is(err, unix.EEXIST) || errors.Is(err, unix.ESRCH) {
		return nil
	}
	return fmt.Errorf("%s: route to %v: %w", fabric.Interface, w.to, err)
}
