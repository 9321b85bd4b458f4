// Package unixpeer tells which process is at the other end of a unix socket.
package unixpeer

import "errors"

// ErrOther is wrapped by errors about a socket at which another process listens than the one that is meant.
var ErrOther = errors.New("another process listens at the socket")
