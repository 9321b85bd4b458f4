//go:build !linux

package netns

// Held is a network namespace without a name.
type Held struct{}

// Hold fails with ErrNotSupported.
func Hold() (*Held, error) { return nil, ErrNotSupported }

// Ref leads nowhere.
func (h *Held) Ref() Ref { return Ref{} }

// Close does nothing.
func (h *Held) Close() error { return nil }
