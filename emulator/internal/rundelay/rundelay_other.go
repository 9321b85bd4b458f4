//go:build !linux

package rundelay

// Thread is not known on this system.
type Thread struct{}

// OfCaller reads nothing.
func OfCaller() Thread { return Thread{} }

// Read says that nothing is known.
func (Thread) Read() (ns int64, ok bool) { return 0, false }
