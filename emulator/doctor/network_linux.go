package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const noNetem = "the netem fabric is not available; the userspace fabric does without"

func veth(_ context.Context, c Capability) Capability {
	err := inScratch(unix.CLONE_NEWNET, func() error {
		pair, err := addPair()
		if err != nil {
			return err
		}
		return netlink.LinkDel(pair)
	})
	if err != nil {
		return c.lacking("adding a veth pair: "+err.Error(), noNetem, "modprobe veth")
	}
	c.Found, c.Follows = "a pair can be added", "what the netem fabric joins hosts by"
	return c
}

// addPair adds a veth pair to the namespace of the calling thread.
func addPair() (*netlink.Veth, error) {
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "tb-doctor0"}, PeerName: "tb-doctor1"}
	return pair, netlink.LinkAdd(pair)
}

const tunFile = "/dev/net/tun"

// addTap makes an open tunFile a TAP device in the namespace of the calling thread.
func addTap(fd int) error {
	request, err := unix.NewIfreq("tb-doctor0")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return fmt.Errorf("adding a TAP device: %w", err)
	}
	return nil
}

// Offloads of a TAP device, TUN_F_* of include/uapi/linux/if_tun.h.
const (
	tapChecksum = 0x01
	tapTSO4     = 0x02
)

func tun(_ context.Context, c Capability) Capability {
	const follows, remedy = "the userspace fabric is not available", "modprobe tun"
	offload := "with checksum and TCP segmentation offload"
	err := inScratch(unix.CLONE_NEWNET, func() error {
		fd, err := unix.Open(tunFile, unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := addTap(fd); err != nil {
			return err
		}
		if unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, tapChecksum|tapTSO4) != nil {
			offload = "without segmentation offload: links of more than some 500 Mbps fall short"
		}
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist) && moduleState("tun") != moduleGone:
		c.Found = "/dev/net/tun is missing, and the driver is " + moduleState("tun")
		c.Follows = "the userspace fabric makes the file"
		return c
	case err != nil:
		return c.lacking("/dev/net/tun: "+err.Error(), follows, remedy)
	}
	c.Found, c.Follows = "a TAP device can be added, "+offload, "what the userspace fabric joins hosts by"
	return c
}

func packetSockets(_ context.Context, c Capability) Capability {
	err := inScratch(unix.CLONE_NEWNET, func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		return unix.Close(fd)
	})
	if err != nil {
		return c.lacking("AF_PACKET: "+err.Error(), "packets cannot be captured in a node; nothing else misses it",
			"modprobe af_packet")
	}
	c.Found, c.Follows = "AF_PACKET opens", "tcpdump works in nodes: testbed exec NODE -- tcpdump"
	return c
}

func netem(_ context.Context, c Capability) Capability {
	err := onLoopback(func(lo netlink.Link) error {
		return netlink.QdiscAdd(netlink.NewNetem(
			netlink.QdiscAttrs{LinkIndex: lo.Attrs().Index, Parent: netlink.HANDLE_ROOT, Handle: netlink.MakeHandle(1, 0)},
			netlink.NetemQdiscAttrs{Latency: 1000, Limit: 1000}))
	})
	if err != nil {
		return c.lacking(fmt.Sprintf("adding a netem qdisc: %v (sch_netem is %s)", err, moduleState("sch_netem")), noNetem,
			"modprobe sch_netem, where the kernel has it; Debian's cloud kernel does: apt-get install linux-image-cloud-amd64")
	}
	c.Found, c.Follows = "a netem qdisc can be added", "what the netem fabric shapes links by"
	return c
}

// ifb is not tried while it is a module that is not loaded: loading it adds two devices to the host.
func ifb(_ context.Context, c Capability) Capability {
	const follows = "the netem fabric has no shared media; the userspace fabric has"
	state := moduleState("ifb")
	c.Follows = "the queue of the netem fabric's shared media"
	if state == moduleThere {
		c.Found = state
		return c
	}
	err := inScratch(unix.CLONE_NEWNET, func() error {
		return netlink.LinkAdd(&netlink.Ifb{LinkAttrs: netlink.LinkAttrs{Name: "tb-doctor0"}})
	})
	if err != nil {
		return c.lacking(fmt.Sprintf("adding an ifb device: %v (ifb is %s)", err, state), follows, "modprobe ifb numifbs=0")
	}
	c.Found = "an ifb device can be added"
	return c
}

// redirection is what leads packets into an ifb: a clsact qdisc with a filter that matches all.
func redirection(_ context.Context, c Capability) Capability {
	err := onLoopback(func(lo netlink.Link) error {
		index := lo.Attrs().Index
		clsact := netlink.QdiscAttrs{LinkIndex: index, Parent: netlink.HANDLE_CLSACT, Handle: netlink.MakeHandle(0xffff, 0)}
		if err := netlink.QdiscAdd(&netlink.GenericQdisc{QdiscAttrs: clsact, QdiscType: "clsact"}); err != nil {
			return fmt.Errorf("adding a clsact qdisc: %w", err)
		}
		err := netlink.FilterAdd(&netlink.MatchAll{
			FilterAttrs: netlink.FilterAttrs{LinkIndex: index, Parent: netlink.HANDLE_MIN_INGRESS, Priority: 1,
				Protocol: unix.ETH_P_ALL},
			Actions: []netlink.Action{netlink.NewMirredAction(index)},
		})
		if err != nil {
			return fmt.Errorf("adding a matchall filter that redirects: %w", err)
		}
		return nil
	})
	if err != nil {
		return c.lacking(err.Error(), "the netem fabric has no shared media; the userspace fabric has",
			"modprobe -a sch_ingress cls_matchall act_mirred")
	}
	c.Found, c.Follows = "clsact, matchall and mirred can be added", "the way into the netem fabric's shared media"
	return c
}

// onLoopback runs f inside a new network namespace, on its loopback device.
func onLoopback(f func(netlink.Link) error) error {
	return inScratch(unix.CLONE_NEWNET, func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		return f(lo)
	})
}

func congestion(_ context.Context, c Capability) Capability {
	data, err := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
	if err != nil {
		return c.lacking(err.Error(), "what TCP does is not known", "mount -t proc proc /proc")
	}
	available := strings.Fields(string(data))
	c.Found = "congestion control: " + strings.Join(available, ", ")
	for _, name := range []string{"bbr", "cubic"} {
		if !strings.Contains(c.Found, name) && moduleState("tcp_"+name) == moduleThere {
			c.Found += "; " + name + " as a module: modprobe tcp_" + name
		}
	}
	if !strings.Contains(c.Found, "cubic") {
		return c.lacking(c.Found, "scenarios that keep the default, cubic, do not come up", "modprobe tcp_cubic")
	}
	c.Follows = "what a scenario's tcp.congestion may name"
	return c
}
