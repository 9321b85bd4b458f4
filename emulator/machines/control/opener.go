package control

import "net"

// Opener opens a stream to a service of the other side.
type Opener interface {
	Open(service string) (net.Conn, error)
}
