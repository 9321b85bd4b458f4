package fabrictest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"testbed/emulator/netns"
)

// Datagrams sends count UDP datagrams of size bytes from one namespace to another, slowly enough for any
// queue, and returns how many arrive.
func Datagrams(ctx context.Context, fromNetNS, toNetNS string, to netip.Addr, count, size int) (int, error) {
	var receiver, sender net.Conn
	err := netns.Do(toNetNS, func() error {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: to.AsSlice()})
		if err == nil {
			receiver = c
			err = c.SetReadBuffer(4 << 20)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	defer receiver.Close()
	err = netns.Do(fromNetNS, func() (err error) {
		sender, err = net.Dial("udp4", receiver.LocalAddr().String())
		return err
	})
	if err != nil {
		return 0, err
	}
	defer sender.Close()
	go func() {
		data := make([]byte, size)
		for i := 0; i < count && ctx.Err() == nil; i++ {
			_, _ = sender.Write(data)
			if i%50 == 49 {
				time.Sleep(5 * time.Millisecond)
			}
		}
	}()
	data := make([]byte, size)
	for got := 0; ; got++ {
		_ = receiver.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := receiver.Read(data); errors.Is(err, os.ErrDeadlineExceeded) {
			return got, ctx.Err()
		} else if err != nil {
			return got, err
		}
	}
}
