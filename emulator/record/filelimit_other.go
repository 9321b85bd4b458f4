//go:build !unix

package record

// catchFileLimit does nothing: there are no such limits here.
func catchFileLimit() {}
