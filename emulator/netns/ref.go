package netns

import "errors"

// ErrOther is wrapped by errors about a namespace that is not the one that was meant.
var ErrOther = errors.New("another network namespace")

// ErrElsewhere is wrapped by errors about a namespace of another machine, which cannot be entered from here.
var ErrElsewhere = errors.New("it is on another machine")

// Ref names a network namespace. Where Start and Inode are given, no other can be meant: neither that of a
// process that got the number later, nor one that was put at the path since.
type Ref struct {
	Path  string `json:"path"`            // e.g. /proc/4711/ns/net
	Start uint64 `json:"start,omitempty"` // of the process in Path, in clock ticks after boot; 0: not compared
	Inode uint64 `json:"inode,omitempty"` // of the namespace; 0: not compared
	// Machine is the ID of the machine whose kernel has the namespace; empty: this one.
	Machine string `json:"machine,omitempty"`
}

// String is the path.
func (r Ref) String() string { return r.Path }
