//go:build !linux

package netns

// Do returns ErrNotSupported.
func Do(string, func() error) error { return ErrNotSupported }

// Each returns ErrNotSupported.
func Each([]string, func(int) error) error { return ErrNotSupported }

// Held is a network namespace without a name.
type Held struct{}

// New returns ErrNotSupported.
func New() (*Held, error) { return nil, ErrNotSupported }

// Path returns nothing.
func (h *Held) Path() string { return "" }

// Close does nothing.
func (h *Held) Close() error { return nil }
