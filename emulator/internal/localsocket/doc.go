// Package localsocket is how processes of this program that belong to one testbed find one another: by a socket in a
// directory that nobody but its user gets into.
package localsocket

import "errors"

// ErrExposed is wrapped by errors about a directory that others may look into, or that is somebody else's.
var ErrExposed = errors.New("the directory is not this user's alone")

// ErrStranger is wrapped by errors about another user's process at the other end.
var ErrStranger = errors.New("another user's process is at the other end")
