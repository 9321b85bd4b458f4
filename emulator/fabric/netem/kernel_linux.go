package netem

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"testbed/emulator/fabric/station"
)

// namesDir is where network namespaces have names, as for `ip netns`.
const namesDir = "/run/netns"

// entered is a namespace with what is needed to work in it from any thread.
type entered struct {
	ns      netns.NsHandle
	links   *netlink.Handle
	sockets map[int]*nl.SocketHandle // for requests of our own
	index   map[string]int           // of interfaces, by name
}

// enter opens the namespace at path.
func enter(path string) (*entered, error) {
	ns, err := netns.GetFromPath(path)
	if err != nil {
		return nil, fmt.Errorf("network namespace %s: %w", path, err)
	}
	e := &entered{ns: ns, index: map[string]int{}}
	// Naming the one family: without it a handle opens all, and fails where the kernel lacks one.
	if e.links, err = netlink.NewHandleAt(ns, unix.NETLINK_ROUTE); err == nil {
		var socket *nl.NetlinkSocket
		if socket, err = nl.GetNetlinkSocketAt(ns, netns.None(), unix.NETLINK_ROUTE); err == nil {
			e.sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: {Socket: socket}}
			return e, nil
		}
	}
	e.close()
	return nil, fmt.Errorf("network namespace %s: %w", path, err)
}

func (e *entered) close() {
	if e.links != nil {
		e.links.Close()
	}
	for _, s := range e.sockets {
		s.Close()
	}
	_ = e.ns.Close()
}

// link is the interface of a name.
func (e *entered) link(name string) (int, error) {
	if index, ok := e.index[name]; ok {
		return index, nil
	}
	l, err := e.links.LinkByName(name)
	if err != nil {
		return 0, fmt.Errorf("interface %s: %w", name, err)
	}
	e.index[name] = l.Attrs().Index
	return e.index[name], nil
}

func (e *entered) execute(req *nl.NetlinkRequest) error {
	req.Sockets = e.sockets
	_, err := req.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// makeSpace makes a named namespace that forwards.
func makeSpace(name string) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends in the new namespace
		ns, err := netns.NewNamed(name)
		if err == nil {
			err = errors.Join(settle(true), ns.Close())
		}
		result <- err
	}()
	if err := <-result; err != nil {
		return fmt.Errorf("make network namespace %s: %w", name, err)
	}
	return nil
}

// settle sets what holds for all interfaces to come in the namespace that the calling thread is in.
func settle(forwards bool) error {
	values := map[string]string{
		"net/ipv4/conf/all/rp_filter": "0", "net/ipv4/conf/default/rp_filter": "0",
		"net/ipv4/conf/all/send_redirects": "0", "net/ipv4/conf/default/send_redirects": "0",
		"net/ipv6/conf/all/disable_ipv6": "1", "net/ipv6/conf/default/disable_ipv6": "1",
	}
	if forwards {
		values["net/ipv4/ip_forward"] = "1"
	}
	for key, value := range values {
		if err := station.Sysctl(key, value); err != nil && !(strings.Contains(key, "ipv6") && errors.Is(err, os.ErrNotExist)) {
			return err
		}
	}
	return nil
}

// removeSpace removes a named namespace; one that is not there is no error.
func removeSpace(name string) error {
	path := filepath.Join(namesDir, name)
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove network namespace %s: %w", name, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove network namespace %s: %w", name, err)
	}
	return nil
}

// hardware is the address of both ends of a pair.
func hardware(pair int) net.HardwareAddr {
	return net.HardwareAddr{0x02, 0x74, byte(pair >> 24), byte(pair >> 16), byte(pair >> 8), byte(pair)}
}
