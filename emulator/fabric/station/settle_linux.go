package station

import (
	"errors"
	"io/fs"
	"strings"

	"testbed/emulator/fabric"
)

// plainHost are the settings of IPv4 that a new namespace takes over from the host's, whatever an
// administrator or another program (Docker, a VPN) has made of them there, each with the value that the
// model wants: a host or router answers for its own addresses, sends nothing on that it was not asked to, and
// takes no advice on routes.
var plainHost = []string{
	"accept_local=0", "accept_redirects=0", "accept_source_route=0", "arp_announce=0", "arp_filter=0",
	"arp_ignore=0", "bootp_relay=0", "disable_policy=0", "disable_xfrm=0", "drop_unicast_in_l2_multicast=0",
	"ignore_routes_with_linkdown=0", "log_martians=0", "proxy_arp=0", "proxy_arp_pvlan=0", "route_localnet=0",
	"rp_filter=0", "secure_redirects=1", "send_redirects=0", "shared_media=1", "src_valid_mark=0",
}

// Settle sets, in the namespace that the calling thread is in, all that matters for how it handles packets, also
// of interfaces to come, and that it would else take over from the host. forwards says whether it sends
// packets of others on.
func Settle(forwards bool) error {
	v, err := openVariables()
	if err != nil {
		return err
	}
	defer v.close()
	forward := "0"
	if forwards {
		forward = "1"
	}
	// First of all, for they change some of the others. The second follows the first only when that changes.
	for _, key := range []string{"net/ipv4/ip_forward", "net/ipv4/conf/default/forwarding"} {
		if err := v.set(key, forward); err != nil {
			return err
		}
	}
	for _, scope := range []string{"all", "default"} {
		if err := v.setThose("net/ipv4/conf/"+scope+"/", plainHost...); err != nil {
			return err
		}
	}
	return v.settle6(forward)
}

// plainHost6 are the same of IPv6: addresses are those that the fabric gives, at once and for good, and nobody is asked
// for more.
var plainHost6 = []string{
	"accept_ra=0", "accept_redirects=0", "accept_source_route=0", "addr_gen_mode=1", "autoconf=0", "dad_transmits=0",
	"disable_ipv6=0", "disable_policy=0", "keep_addr_on_down=1", "proxy_ndp=0", "router_solicitations=0",
	"seg6_enabled=0", "use_tempaddr=0",
}

// everywhere6 are those that the kernel obeys of conf/all, whatever an interface has; addr_gen_mode there would be of
// interfaces that exist, the loopback among them. Each setting takes every station some µs.
var everywhere6 = []string{"disable_ipv6=0", "disable_policy=0", "keep_addr_on_down=1", "proxy_ndp=0"}

// settle6 is Settle of IPv6. Without that in the kernel the files are missing, and that is as good.
func (v variables) settle6(forward string) error {
	const all, byDefault = "net/ipv6/conf/all/", "net/ipv6/conf/default/"
	err := errors.Join(v.setThose(all, "forwarding="+forward), v.setThose(all, everywhere6...))
	return errors.Join(err, v.setThose(byDefault, "forwarding="+forward), v.setThose(byDefault, plainHost6...))
}

// setThose sets those of a directory's variables that the kernel has: an older one has not all of them.
func (v variables) setThose(dir string, settings ...string) error {
	for _, setting := range settings {
		key, value, _ := strings.Cut(setting, "=")
		err := v.set(dir+key, value)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Enable6 lets the station's interface, in the namespace that the calling thread is in, have IPv6.
func Enable6() error {
	err := Sysctl("net/ipv6/conf/"+fabric.Interface+"/disable_ipv6", "0")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
