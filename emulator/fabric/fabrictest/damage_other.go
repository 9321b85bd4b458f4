//go:build !linux

package fabrictest

import (
	"net/netip"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
)

// damages are none: elsewhere there are no namespaces, and the suite is skipped.
var damages []struct {
	name string
	do   func() error
}

func (b *Bench) inside(string, func() error) { b.t.Fatal(netns.ErrNotSupported) }

func (b *Bench) wantTuned(string) { b.t.Fatal(netns.ErrNotSupported) }

func (b *Bench) wantMTU(string, int) { b.t.Fatal(netns.ErrNotSupported) }

func (b *Bench) wantPath(string, string, int) { b.t.Fatal(netns.ErrNotSupported) }

func reaches(*testing.T, netns.Ref, netip.Addr) error { return netns.ErrNotSupported }

func pin(r netns.Ref) (netns.Ref, error) { return r, netns.ErrNotSupported }

// MTU needs Linux.
func MTU(t *testing.T, _ func(t *testing.T, testbed string) fabric.Fabric, _ bool) {
	testenv.Privileged(t)
}

// Six needs Linux.
func Six(t *testing.T, _ func(t *testing.T, testbed string) fabric.Fabric) { testenv.Privileged(t) }

// Routing is skipped: there are no namespaces.
func Routing(t *testing.T, _ func(t *testing.T, testbed string) fabric.Fabric) { testenv.Privileged(t) }
