package fabric

import (
	"encoding/binary"
	"net/netip"

	"testbed/emulator/topology"
)

// bits6 is the length of a network's IPv6 prefix.
const bits6 = 64

// Addr6 is the IPv6 address that a station has beside its IPv4 one, and their network's prefix: a unique local one (RFC
// 4193) that follows from both. 10.64.0.3/16 is fd74:6264:a40::a40:3/64 too.
func Addr6(of netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(addr6(of.Masked().Addr().As4(), of.Addr().As4()), bits6)
}

func addr6(network, addr [4]byte) netip.Addr {
	a := [16]byte{0xfd, 0x74, 0x62, 0x64}
	copy(a[4:], network[:])
	copy(a[12:], addr[:])
	return netip.AddrFrom16(a)
}

// routerNetwork is the network of RouterAddr's addresses.
var routerNetwork = [4]byte{198, 18}

// RouterAddr6 is RouterAddr of IPv6.
func RouterAddr6(id topology.ID) netip.Addr { return Router6(RouterAddr(id)) }

// Router6 is the IPv6 address of what answers from an IPv4 address outside of the stations' network.
func Router6(addr netip.Addr) netip.Addr { return addr6(routerNetwork, addr.As4()) }

// Net6 is what an IPv6 address of a network begins with, in front of a station's IPv4 address.
func Net6(of netip.Prefix) (first [12]byte) {
	whole := Addr6(of).Addr().As16()
	return [12]byte(whole[:12])
}

// Four is the IPv4 address in an IPv6 one that Addr6 has made.
func Four(addr netip.Addr) netip.Addr {
	whole := addr.As16()
	return netip.AddrFrom4([4]byte(whole[12:]))
}

// Route6 is the IPv6 prefix of those stations of a network whose IPv4 addresses are in a prefix.
func Route6(network netip.Prefix, to netip.Prefix) netip.Prefix {
	if to.Bits() == 0 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	first := Net6(network)
	var a [16]byte
	copy(a[:], first[:])
	four := to.Masked().Addr().As4()
	binary.BigEndian.PutUint32(a[12:], binary.BigEndian.Uint32(four[:]))
	return netip.PrefixFrom(netip.AddrFrom16(a), 96+to.Bits())
}
