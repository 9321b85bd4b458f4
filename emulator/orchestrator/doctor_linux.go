package orchestrator

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func capabilities(context.Context) []Capability {
	list := []Capability{kernel(), root(), namespaces(), tun(), netem(), congestion(), ping(), cores()}
	return list
}

// KernelRelease is what `uname -r` prints; empty where that is not known.
func KernelRelease() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

func kernel() Capability {
	return Capability{Name: "kernel", OK: KernelRelease() != "", Found: "Linux " + KernelRelease()}
}

func root() Capability {
	if os.Geteuid() == 0 {
		return Capability{Name: "root", OK: true, Found: "effective user 0"}
	}
	return Capability{Name: "root", Found: fmt.Sprintf("effective user %d", os.Geteuid()),
		Follows: "validate, synth, simulate and compare work; up, run and exec do not", Remedy: "run testbed with sudo"}
}

// inScratch runs f on a thread of its own inside new namespaces, which vanish with the thread.
func inScratch(flags int, f func() error) error {
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := unix.Unshare(flags); err != nil {
			failed <- err
			return
		}
		failed <- f()
	}()
	return <-failed
}

func namespaces() Capability {
	c := Capability{Name: "namespaces", OK: true, Found: "network, mount and uts namespaces can be made"}
	if err := inScratch(unix.CLONE_NEWNET|unix.CLONE_NEWNS|unix.CLONE_NEWUTS, func() error { return nil }); err != nil {
		c.OK, c.Found = false, "unshare: "+err.Error()
		c.Follows, c.Remedy = "the process runtime is not available", "run testbed with sudo, outside of an unprivileged container"
	}
	return c
}

func tun() Capability {
	c := Capability{Name: "tun", OK: true, Found: "/dev/net/tun opens", Follows: "the userspace fabric is available"}
	file, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		c.OK, c.Found, c.Follows = false, err.Error(), "the userspace fabric is not available"
		c.Remedy = "modprobe tun; mkdir -p /dev/net; mknod /dev/net/tun c 10 200"
		return c
	}
	_ = file.Close()
	return c
}

func netem() Capability {
	c := Capability{Name: "netem", OK: true, Found: "a netem qdisc can be added", Follows: "not used by this version: links are shaped by the userspace fabric"}
	err := inScratch(unix.CLONE_NEWNET, func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		return netlink.QdiscAdd(netlink.NewNetem(
			netlink.QdiscAttrs{LinkIndex: lo.Attrs().Index, Parent: netlink.HANDLE_ROOT, Handle: netlink.MakeHandle(1, 0)},
			netlink.NetemQdiscAttrs{Latency: 1000}))
	})
	if err != nil {
		c.OK, c.Found = false, "adding a netem qdisc: "+err.Error()
		c.Follows, c.Remedy = "links are shaped by the userspace fabric", "modprobe sch_netem (not needed)"
	}
	return c
}

func congestion() Capability {
	data, err := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
	if err != nil {
		return Capability{Name: "tcp", Found: err.Error()}
	}
	found := strings.TrimSpace(string(data))
	c := Capability{Name: "tcp", OK: strings.Contains(found, "cubic"), Found: "congestion control: " + found}
	if !c.OK {
		c.Follows, c.Remedy = "scenarios that keep the default, cubic, do not come up", "modprobe tcp_cubic"
	}
	return c
}

func ping() Capability {
	path, err := exec.LookPath("ping")
	if err != nil {
		return Capability{Name: "ping", Found: "not installed", Follows: "only `testbed exec NODE -- ping` misses it; verify does not need it", Remedy: "apt-get install iputils-ping"}
	}
	return Capability{Name: "ping", OK: true, Found: path}
}

func cores() Capability {
	n := runtime.NumCPU()
	c := Capability{Name: "cores", OK: n >= 2, Found: fmt.Sprintf("%d", n)}
	if !c.OK {
		c.Follows = "the fabric shares its core with the nodes: delays will be off by milliseconds"
	}
	return c
}
