//go:build !linux

package rundelay

// Thread is not known on this system.
type Thread struct{}

// OfCaller reads nothing.
func OfCaller() Thread { return Thread{} }

// Read says that nothing is known.
func (Thread) Read() (ns int64, ok bool) { return 0, false }

// Process is not known on this system.
type Process struct{}

// NewProcess reads nothing.
func NewProcess() *Process { return new(Process) }

// Read is 0.
func (*Process) Read() int64 { return 0 }

// Close does nothing.
func (*Process) Close() {}
