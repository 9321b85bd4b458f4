package netem

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	vnetns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/netns"
)

// entered is a namespace with what is needed to work in it from any thread. While it is open the namespace lives,
// even if its node ends: it is kept for one call of the fabric's methods only.
type entered struct {
	ns      vnetns.NsHandle
	handle  *netlink.Handle // of package netlink; nil until it is needed
	sockets map[int]*nl.SocketHandle
}

// enterHere opens a namespace and moves the calling thread into it.
func enterHere(r netns.Ref) (*entered, error) {
	file, err := netns.Enter(r)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("network namespace %s: %w", r, err)
	}
	e := &entered{ns: vnetns.NsHandle(fd)}
	socket, err := nl.GetNetlinkSocketAt(vnetns.None(), vnetns.None(), unix.NETLINK_ROUTE)
	if err == nil {
		e.sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: {Socket: socket}}
		return e, nil
	}
	e.close()
	return nil, fmt.Errorf("network namespace %s: %w", r, err)
}

// enter opens a namespace.
func enter(r netns.Ref) (e *entered, err error) {
	err = proc.OnSpareThread(func() (err error) { e, err = enterHere(r); return err })
	return e, err
}

// do runs f on a thread in the namespace.
func (e *entered) do(f func() error) error {
	return proc.OnSpareThread(func() error {
		if err := unix.Setns(int(e.ns), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
}

func (e *entered) close() {
	if e.handle != nil {
		e.handle.Close()
	}
	for _, s := range e.sockets {
		s.Close()
	}
	_ = e.ns.Close()
}

// links is package netlink's handle on the namespace.
func (e *entered) links() (*netlink.Handle, error) {
	if e.handle != nil {
		return e.handle, nil
	}
	// Naming the one family: without it a handle opens all, and fails where the kernel lacks one.
	h, err := netlink.NewHandleAt(e.ns, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	e.handle = h
	return h, nil
}

func (e *entered) execute(req *nl.NetlinkRequest) error {
	req.Sockets = e.sockets
	_, err := req.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// dump asks for all of a kind. What is changed by somebody meanwhile is asked for again.
func (e *entered) dump(ask, answer uint16, data ...nl.NetlinkRequestData) (messages [][]byte, err error) {
	for range 5 {
		req := nl.NewNetlinkRequest(int(ask), unix.NLM_F_DUMP)
		req.Sockets = e.sockets
		for _, d := range data {
			req.AddData(d)
		}
		if messages, err = req.Execute(unix.NETLINK_ROUTE, answer); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return messages, err
}

// setFlags raises the flags of change that are in flags, and lowers the others.
func (e *entered) setFlags(index int, flags, change uint32) error {
	req := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK)
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Index, msg.Flags, msg.Change = int32(index), flags, change
	req.AddData(msg)
	return e.execute(req)
}

// setLink sets one attribute of a device.
func (e *entered) setLink(index int, attribute int, value []byte) error {
	req := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK)
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Index = int32(index)
	req.AddData(msg)
	req.AddData(nl.NewRtAttr(attribute, value))
	return e.execute(req)
}

// remove removes a device. One that is gone is as good.
func (e *entered) remove(index int) error {
	req := nl.NewNetlinkRequest(unix.RTM_DELLINK, unix.NLM_F_ACK)
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Index = int32(index)
	req.AddData(msg)
	if err := e.execute(req); err != nil && !errors.Is(err, unix.ENODEV) {
		return err
	}
	return nil
}

func u32(v []byte) uint32 {
	if len(v) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(v)
}

func word(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
