//go:build !linux

package faas

// openFiles is how many files the process may have open; 0: not known.
func openFiles() int64 { return 0 }

// systemMemory is the memory that the process can use; 0: not known.
func systemMemory() int64 { return 0 }
