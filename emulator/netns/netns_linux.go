package netns

import (
	"fmt"

	"github.com/containernetworking/plugins/pkg/ns"
)

// Do runs f on a thread that is inside the network namespace, and returns its error. Files and sockets
// that f opens stay in that namespace. Goroutines that f starts do not run in it.
func Do(r Ref, f func() error) error {
	file, err := r.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	space, err := ns.GetNS(fmt.Sprintf("/proc/self/fd/%d", file.Fd()))
	if err != nil {
		return fmt.Errorf("network namespace %s: %w", r.Path, err)
	}
	defer func() { _ = space.Close() }()
	return space.Do(func(ns.NetNS) error { return f() })
}
