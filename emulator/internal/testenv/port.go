package testenv

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
)

// The ports of FreePort are below those that kernels give outgoing connections and listeners that ask for none: one of
// those could take it, or connect to itself. Above those of scripts/influxd. Processes that run at once begin at
// different ones.
const firstPort, portCount, portsEach = 30000, 2700, 16

var portsGiven atomic.Uint32

// FreePort is a TCP port that nobody listens at, at any address, for a program that must be told one: from 30000 to
// 32699, and each time another one.
func FreePort(t testing.TB) int {
	t.Helper()
	for range portCount {
		port := firstPort + (os.Getpid()*portsEach+int(portsGiven.Add(1)))%portCount
		if l, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}
