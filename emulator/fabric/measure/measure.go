// Package measure takes a network's round-trip time and throughput from inside network namespaces, with
// sockets opened there, so that no program is needed in them.
package measure

import (
	"errors"
)

// ErrNotSupported is returned where the operating system has no network namespaces.
var ErrNotSupported = errors.New("measuring inside network namespaces needs Linux")

// HeaderShare is what of a link's rate is left to a TCP program: 1448 bytes of each 1514 byte frame, with
// the IPv4, TCP and timestamp headers of an MTU of 1500 and the Ethernet header taken off.
const HeaderShare = 1448.0 / 1514.0

// FloodPayload is what a packet of Flood carries beside the headers of IPv4 and UDP: it fills an MTU of 1500.
const FloodPayload = 1472
