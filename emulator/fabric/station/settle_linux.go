package station

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
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
		for _, setting := range plainHost {
			key, value, _ := strings.Cut(setting, "=")
			err := v.set(fmt.Sprintf("net/ipv4/conf/%s/%s", scope, key), value)
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // an older kernel has not all of them
				return err
			}
		}
	}
	// The loopback keeps its ::1. Without IPv6 in the kernel the file is missing, and that is as good.
	if err := v.set("net/ipv6/conf/default/disable_ipv6", "1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
