// Package proc holds on to processes, so that another one that gets the number is never meant, and tells
// those that this program started from those that only look like it.
package proc

import "errors"

// ErrGone is wrapped by errors about a process that has ended, or whose number another one has by now.
var ErrGone = errors.New("the process has ended")
