package userspace

import "errors"

// Of is what errors of a testbed's fabric begin with.
func Of(testbed string) string { return "fabric of testbed " + testbed + ": " }

// ErrEnded is wrapped by the error of Watch when the process has ended.
var ErrEnded = errors.New("the process that carries the packets has ended; " +
	"its log is fabric.log in the testbed's directory")

// ErrLost is wrapped by the error of Watch when a station has lost its interface while its node runs.
var ErrLost = errors.New("a station is no longer attached")

// ErrApart is wrapped by the error of Connected.
var ErrApart = errors.New("packets cannot go there")
