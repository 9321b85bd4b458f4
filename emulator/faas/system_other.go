//go:build !linux

package faas

// servedConnections is how many connections may be served.
func servedConnections() int { return 256 }

// systemMemory is the memory that the process can use; 0: not known.
func systemMemory() int64 { return 0 }
