package netem

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/proc"
	"testbed/emulator/netns"
)

// probed is what this process has found out about its kernel, which does not change.
var probed = sync.OnceValue(probe)

// Supported says why this host cannot have the fabric; nil where it can. It tries in a namespace of its own, once
// in a process.
func Supported(context.Context) error {
	if err := probed(); err != nil {
		return concealed(fmt.Errorf("%w: %w", fabric.ErrNotSupported, err))
	}
	return nil
}

func probe() error {
	if os.Geteuid() != 0 {
		return errors.New("it makes network namespaces, which takes root: run it with sudo")
	}
	return proc.OnSpareThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("no network namespace can be made (%w)", err)
		}
		return attempt()
	})
}

// attempt makes one of each thing that a network consists of, in the namespace that the thread is in.
func attempt() error {
	veth := netlink.NewVeth(netlink.LinkAttrs{Name: "tb-probe0"})
	veth.PeerName = "tb-probe1"
	if err := netlink.LinkAdd(veth); err != nil {
		return fmt.Errorf("the kernel has no veth devices (%w): modprobe veth", err)
	}
	e, err := enterHere(netns.Ref{Path: fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())})
	if err != nil {
		return err
	}
	defer e.close()
	index, err := deviceIndex("tb-probe0")
	if err != nil {
		return err
	}
	netem := request(index, outerHandle, netlink.HANDLE_ROOT, discipline{limit: 10, rate: unlimited}, 1, true)
	if err := e.execute(netem); err != nil {
		return fmt.Errorf("the kernel has no netem (%w): modprobe sch_netem; where there is no such module, "+
			"install the kernel's extra modules (linux-modules-extra-%s on Ubuntu)", err, release())
	}
	if err := e.makeMedium(); err != nil {
		return fmt.Errorf("the kernel has no ifb devices, which shared media need (%w): modprobe ifb", err)
	}
	ifb, err := deviceIndex(ifbName)
	if err != nil {
		return err
	}
	if err := e.redirect(index, ifb); err != nil {
		return fmt.Errorf("the kernel cannot redirect packets, which shared media need (%w): "+
			"modprobe -a sch_ingress cls_matchall act_mirred", err)
	}
	return nil
}

func deviceIndex(name string) (int, error) {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return 0, fmt.Errorf("interface %s: %w", name, err)
	}
	return l.Attrs().Index, nil
}

func release() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "$(uname -r)"
	}
	return unix.ByteSliceToString(u.Release[:])
}
