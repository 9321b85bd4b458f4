package netns

import (
	"fmt"

	"github.com/containernetworking/plugins/pkg/ns"
)

// Do runs f on a thread that is inside the network namespace at path (such as /proc/4711/ns/net), and
// returns its error. Files and sockets that f opens stay in that namespace. Goroutines that f starts do not run in it.
func Do(path string, f func() error) error {
	space, err := ns.GetNS(path)
	if err != nil {
		return fmt.Errorf("network namespace %s: %w", path, err)
	}
	defer space.Close()
	return space.Do(func(ns.NetNS) error { return f() })
}
