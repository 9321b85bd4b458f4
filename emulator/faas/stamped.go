package faas

import "net"

// stampedListener accepts connections whose reads tell by how much they were late.
type stampedListener struct {
	net.Listener
	punctuality *punctuality
}

// Accept implements net.Listener.
func (l stampedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return stampedConn{c, stamp(c, l.punctuality)}, nil
}

// stampedConn is a connection that is read through another reader.
type stampedConn struct {
	net.Conn
	in reader
}

// Read implements net.Conn.
func (c stampedConn) Read(b []byte) (int, error) { return c.in.Read(b) }

// Write implements net.Conn: who answers has read the request.
func (c stampedConn) Write(b []byte) (int, error) {
	c.in.complete()
	return c.Conn.Write(b)
}

// reader is what is read of a connection. complete says that a message has been read to its end: how late its last part
// was read is how late it was; of those before it does not matter.
type reader interface {
	Read(b []byte) (int, error)
	complete()
}

// plainReader is a connection without time stamps.
type plainReader struct{ net.Conn }

func (plainReader) complete() {}
