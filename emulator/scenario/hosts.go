package scenario

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"testbed/emulator/topology"
)

// HostNetwork is what a host has of the network beside its own address and link.
type HostNetwork struct {
	Name string `yaml:",key"`
	// Further addresses of the host's interface, of IPv4 and IPv6, each with the length of its network's prefix:
	// [10.9.0.1/24, "fd00:9::1/64"]; without a length, that address alone. All hosts reach them as they do its first.
	Addresses []string `yaml:"addresses,names" max:"64"`
	// Networks to which the host sends packets by way of another host, such as those behind a router that runs there. Of
	// several routes, and the host's own networks, the one with the longest prefix counts.
	Routes []HostRoute `yaml:"routes" max:"512"`
	// Whether the host sends on what is for others, as a router does. Default: true where a route of another host leads by
	// way of it.
	Forward *bool `yaml:"forward"`
}

// HostRoute is a host's way to a network.
type HostRoute struct {
	// The network, of IPv4 or IPv6, such as 10.9.0.0/24; default: whatever no other route is for, of both.
	To string `yaml:"to,required,names"`
	// Name of the host by way of which it is reached. The fabric userspace carries packets there whatever lies between. On
	// netem switches do so for what a host sends from its addresses in this file; what hosts forward they route by
	// destination alone, and routes of such hosts that contradict one another there are refused.
	Via string `yaml:"via,required,names" pattern:"node"`
}

// HostRouting is what a host has beside its own address.
type HostRouting struct {
	Addresses []netip.Prefix
	Routes    []RouteTo
	Forwards  bool
}

// RouteTo is a host's way to a network.
type RouteTo struct {
	To  netip.Prefix // without bits of a host
	Via string       // the name of another host
}

// Routing lists the hosts that have more than their own address, by name.
func (s *Scenario) Routing() map[string]HostRouting {
	all := map[string]HostRouting{}
	for i := range s.Hosts {
		for _, to := range s.Hosts[i].Routes {
			all[to.Via] = HostRouting{Forwards: true}
		}
	}
	for i := range s.Hosts {
		h := &s.Hosts[i]
		r := all[h.Name]
		for _, text := range h.Addresses {
			if a, err := parseAddress(text); err == nil { // as Parse has held it to
				r.Addresses = append(r.Addresses, a)
			}
		}
		for _, to := range h.Routes {
			for _, p := range networks(to.To) {
				r.Routes = append(r.Routes, RouteTo{p, to.Via})
			}
		}
		if h.Forward != nil {
			r.Forwards = *h.Forward
		}
		all[h.Name] = r
	}
	return all
}

// parseAddress reads an address, with the length of its network's prefix or without.
func parseAddress(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q is no address", text)
		}
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no address with the length of its network's prefix", text)
	}
	return p, nil
}

// networks are those that the key to of a route means; none: it is wrong.
func networks(to string) []netip.Prefix {
	if to == "default" {
		return []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
	}
	p, err := parseAddress(to)
	if err != nil {
		return nil
	}
	return []netip.Prefix{p}
}

// checkRouting holds the section hosts against the hosts that there are, and its addresses and routes against each
// other.
func (d *decoder) checkRouting(f *File, n vocabulary) {
	total := 0
	for i := range f.Hosts {
		if total += len(f.Hosts[i].Routes); total > maxRoutes {
			d.failAt(join("hosts", f.Hosts[i].Name), "write fewer, of shorter prefixes",
				"there are more than %d routes", maxRoutes)
			return
		}
	}
	var known []string
	for _, v := range n.hosts {
		known = append(known, v.Name)
	}
	owner := map[netip.Addr]string{}
	for i := range f.Hosts {
		h := &f.Hosts[i]
		path := join("hosts", h.Name)
		if !slices.Contains(known, h.Name) && !d.uncertain("nodes", h.Name) {
			d.failAt(path, suggest(h.Name, known), "there is no host %q", h.Name)
		}
		for k := range h.Addresses {
			d.checkAddress(h, fmt.Sprintf("%s.addresses[%d]", path, k), h.Addresses[k], owner)
		}
		seen := map[netip.Prefix]bool{}
		for k := range h.Routes {
			here := fmt.Sprintf("%s.routes[%d]", path, k)
			d.checkVia(h, h.Routes[k].Via, here+".via", known)
			d.checkTo(h, h.Routes[k].To, here+".to", seen)
		}
	}
}

// maxRoutes is how many routes all hosts may have together.
const maxRoutes = 10_000

// checkAddress holds an address of a host against what it can be, and against the others.
func (d *decoder) checkAddress(h *HostNetwork, path, text string, owner map[netip.Addr]string) {
	if d.failed(path) {
		return
	}
	p, err := parseAddress(text)
	if err != nil {
		d.failAt(path, "write one such as 10.9.0.1/24 or fd00:9::1/64", "%v", err)
		return
	}
	a := p.Addr()
	other, taken := owner[a]
	switch {
	case topology.Subnet.Contains(a):
		d.failAt(path, "write one of another network", "%v is of %v, the network of the hosts' own addresses", a,
			topology.Subnet)
	case topology.Reserved(a):
		d.failAt(path, "write one of a private network, such as 10.9.0.1/24 or fd00:9::1/64",
			"%v cannot be given to a host", a)
	case p.Bits() == 0:
		d.failAt(path, "write the length of its network's prefix", "a network of all addresses has no hosts")
	case a.Is4() && p.Bits() < 31 && (p.Masked().Addr() == a || isBroadcast(p)):
		d.failAt(path, "write another one of that network", "%v is the address of the network %v itself, or of all in it", a,
			p.Masked())
	case taken:
		d.failAt(path, "write another one", "%s has the address %v already", other, a)
	}
	owner[a] = h.Name
}

// isBroadcast says whether an IPv4 address is that of all in its network.
func isBroadcast(p netip.Prefix) bool {
	next := p.Addr().Next()
	return !next.IsValid() || !p.Contains(next)
}

// checkVia holds the host by way of which a route leads against the hosts that there are.
func (d *decoder) checkVia(h *HostNetwork, via, path string, known []string) {
	switch {
	case d.failed(path):
	case !slices.Contains(known, via) && !d.uncertain("nodes", via):
		d.failAt(path, suggest(via, known), "there is no host %q", via)
	case via == h.Name:
		d.failAt(path, "name another host, or remove the route", "the route leads by way of the host itself")
	}
}

// checkTo holds the network that a route leads to against those of the host and its routes before it.
func (d *decoder) checkTo(h *HostNetwork, to, path string, seen map[netip.Prefix]bool) {
	if d.failed(path) {
		return
	}
	all := networks(to)
	if len(all) == 0 {
		d.failAt(path, "write one such as 10.9.0.0/24 or fd00:9::/64, or default", "%q is no network", to)
	}
	for _, p := range all {
		own := func(text string) bool { a, err := parseAddress(text); return err == nil && a.Masked() == p }
		switch {
		case p.Masked() != p:
			d.failAt(path, fmt.Sprintf("write %v, or %v for it alone", p.Masked(), p.Addr()),
				"%v is an address in a network, and no network", p)
		case p.Bits() > 0 && (p.Addr().IsMulticast() || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast()):
			d.failAt(path, "remove it", "%v is not routed", p)
		case p == topology.Subnet || slices.ContainsFunc(h.Addresses, own):
			d.failAt(path, "write a longer prefix, or remove the route", "the host is in the network %v itself", p)
		case seen[p]:
			d.failAt(path, "remove one of the two", "the host has a route to %v already", p)
		}
		seen[p] = true
	}
}
