//go:build !linux

package faas

import "net"

// stamp reads c: there are no time stamps on this system.
func stamp(c net.Conn, _ *punctuality) reader { return plainReader{c} }
