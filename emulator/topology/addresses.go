package topology

import (
	"net/netip"
	"slices"
)

// Subnet is the network of the addresses that hosts are given, of every testbed; IPv6 addresses follow from them.
var Subnet = netip.MustParsePrefix("10.64.0.0/16")

// reservedAddresses are those that a testbed gives, or that are for many, for nobody or for the host itself.
var reservedAddresses = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("224.0.0.0/3"),
	netip.MustParsePrefix("::/127"), netip.MustParsePrefix("::ffff:0:0/96"), netip.MustParsePrefix("fd74:6264::/32"),
	netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("ff00::/8"),
}

// Reserved says whether an address can be none that somebody gives a host beside its own.
func Reserved(a netip.Addr) bool {
	return slices.ContainsFunc(reservedAddresses, func(p netip.Prefix) bool { return p.Contains(a) })
}
