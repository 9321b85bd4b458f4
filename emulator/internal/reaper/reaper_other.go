//go:build !unix

package reaper

// General does nothing: no system but Unix hands orphans to anybody.
func General() {}

// All does nothing.
func All() {}
