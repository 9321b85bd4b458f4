//go:build !linux

package hostload

// Read knows nothing on this system.
func Read() Snapshot { return Snapshot{} }

// textsHere are none: the kernel does not tell.
func textsHere() Texts { return Texts{} }
