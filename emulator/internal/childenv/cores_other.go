//go:build !linux

package childenv

// NoCoreFiles does nothing: core files are the business of the system's settings here.
func NoCoreFiles() {}
