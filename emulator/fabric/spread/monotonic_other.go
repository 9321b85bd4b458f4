//go:build !linux

package spread

import "time"

var begin = time.Now()

// monotonic is a clock that is not set, ns.
func monotonic() int64 { return int64(time.Since(begin)) }
