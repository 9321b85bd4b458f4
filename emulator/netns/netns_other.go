//go:build !linux

package netns

// Do returns ErrNotSupported.
func Do(string, func() error) error { return ErrNotSupported }
