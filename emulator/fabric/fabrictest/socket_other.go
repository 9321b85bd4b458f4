//go:build !linux

package fabrictest

import (
	"syscall"

	"testbed/emulator/fabric"
)

func sending(bool) func(string, string, syscall.RawConn) error {
	return func(string, string, syscall.RawConn) error { return fabric.ErrNotSupported }
}

func receiving(string, string, syscall.RawConn) error { return fabric.ErrNotSupported }

func retransmitted(syscall.Conn) (int, error) { return 0, fabric.ErrNotSupported }

func steady(string, string, syscall.RawConn) error { return fabric.ErrNotSupported }
