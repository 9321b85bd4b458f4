package rows

import (
	"runtime/debug"
	"sync"
)

// frugal is what SetGCPercent gets while a large trace is read, and jobs are made of it. The trace is nearly all that
// is in use then, so that the usual 100 would let the heap grow to twice its size.
const frugal = 20

var sparing struct {
	sync.Mutex
	readers int
	before  int
}

// Sparing lets the heap grow little beyond what is in use, until the function that it returns is called.
func Sparing() (end func()) {
	sparing.Lock()
	defer sparing.Unlock()
	if sparing.readers++; sparing.readers == 1 {
		sparing.before = debug.SetGCPercent(frugal)
	}
	return func() {
		sparing.Lock()
		defer sparing.Unlock()
		if sparing.readers--; sparing.readers == 0 {
			debug.SetGCPercent(sparing.before)
		}
	}
}
