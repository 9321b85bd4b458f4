// Package netns enters network namespaces.
package netns

import "errors"

// ErrNotSupported is returned where the operating system has no network namespaces.
var ErrNotSupported = errors.New("network namespaces are not supported on this operating system")

// Names is where `ip netns` looks for the names of network namespaces.
const Names = "/run/netns"
