package netem

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	vnetns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"testbed/emulator/netns"
)

// entered is a namespace with what is needed to work in it from any thread.
type entered struct {
	ns      vnetns.NsHandle
	links   *netlink.Handle
	sockets map[int]*nl.SocketHandle // for requests of our own
	index   map[string]int           // of interfaces, by name
}

// enter opens a namespace.
func enter(r netns.Ref) (*entered, error) {
	file, err := r.Open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("network namespace %s: %w", r, err)
	}
	ns := vnetns.NsHandle(fd)
	e := &entered{ns: ns, index: map[string]int{}}
	// Naming the one family: without it a handle opens all, and fails where the kernel lacks one.
	if e.links, err = netlink.NewHandleAt(ns, unix.NETLINK_ROUTE); err == nil {
		var socket *nl.NetlinkSocket
		if socket, err = nl.GetNetlinkSocketAt(ns, vnetns.None(), unix.NETLINK_ROUTE); err == nil {
			e.sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: {Socket: socket}}
			return e, nil
		}
	}
	e.close()
	return nil, fmt.Errorf("network namespace %s: %w", r, err)
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

// hardware is the address of both ends of a pair.
func hardware(pair int) net.HardwareAddr {
	return net.HardwareAddr{0x02, 0x74, byte(pair >> 24), byte(pair >> 16), byte(pair >> 8), byte(pair)}
}
