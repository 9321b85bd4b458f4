package fabrictest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
)

// Six holds a fabric to IPv6: each station has its address, the first packet needs no neighbour to be found, routers
// take from hop limits and say so, nobody's address is unreachable, and TCP carries data.
func Six(t *testing.T, newFabric func(t *testing.T, testbed string) fabric.Fabric) {
	b, _ := behindTwo(t, newFabric)
	addr := func(p netip.Prefix) netip.Addr { return fabric.Addr6(p).Addr() }
	b.routes(version{tcp: "tcp6", addr: addr, router: fabric.RouterAddr6, probe: probe6, answered: 129, expired: 3})
	to := b.Station("b")
	if err := transfer6(b.Station("a").NetNS, to.NetNS, addr(to.Addr), 4<<20); err != nil {
		t.Error(err)
	}
}

// probe6 sends an echo request and returns who answers it, with which type of message.
func probe6(from netns.Ref, to netip.Addr, limit int) (who netip.Addr, typ byte, err error) {
	err = netns.Do(from, func() error {
		sock, err := unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMPV6)
		if err != nil {
			return err
		}
		defer unix.Close(sock)
		timeout := unix.NsecToTimeval(int64(testenv.Patience))
		if err := errors.Join(unix.SetsockoptInt(sock, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, limit),
			unix.SetsockoptTimeval(sock, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout)); err != nil {
			return err
		}
		if err := unix.Sendto(sock, []byte{128, 0, 0, 0, 0, 0, 0, 0}, 0, &unix.SockaddrInet6{Addr: to.As16()}); err != nil {
			return err
		}
		var packet [1500]byte
		n, sender, err := received(sock, packet[:])
		if err != nil {
			return err
		}
		six, ok := sender.(*unix.SockaddrInet6)
		if n < 8 || !ok {
			return errors.New("a short message")
		}
		who, typ = netip.AddrFrom16(six.Addr), packet[0]
		return nil
	})
	return who, typ, err
}

// transfer6 carries bytes over TCP from one namespace to an address in another.
func transfer6(from, in netns.Ref, to netip.Addr, size int) error {
	var listener net.Listener
	err := netns.Do(in, func() (err error) {
		listener, err = net.Listen("tcp6", netip.AddrPortFrom(to, 0).String())
		return err
	})
	if err != nil {
		return err
	}
	defer listener.Close()
	got := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			defer conn.Close()
			total, buffer := 0, make([]byte, 64<<10)
			for {
				n, end := conn.Read(buffer)
				for i, c := range buffer[:n] {
					if c != byte((total+i)/1000) {
						got <- fmt.Errorf("byte %d is another one", total+i)
						return
					}
				}
				if total += n; end != nil {
					break
				}
			}
			if total != size {
				err = fmt.Errorf("%d of %d bytes arrived", total, size)
			}
		}
		got <- err
	}()
	var conn net.Conn
	err = netns.Do(from, func() (err error) {
		conn, err = net.DialTimeout("tcp6", listener.Addr().String(), testenv.Patience)
		return err
	})
	if err != nil {
		return err
	}
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i / 1000)
	}
	_, err = conn.Write(data)
	if err = errors.Join(err, conn.Close()); err != nil {
		return err
	}
	return <-got
}
