//go:build !linux

package netns

import "os"

// Do returns ErrNotSupported.
func Do(Ref, func() error) error { return ErrNotSupported }

// Each returns ErrNotSupported.
func Each([]Ref, func(int) error) error { return ErrNotSupported }

// Held is a network namespace without a name.
type Held struct{}

// New returns ErrNotSupported.
func New() (*Held, error) { return nil, ErrNotSupported }

// Ref returns nothing.
func (h *Held) Ref() Ref { return Ref{} }

// Close does nothing.
func (h *Held) Close() error { return nil }

// Open returns ErrNotSupported.
func (r Ref) Open() (*os.File, error) { return nil, ErrNotSupported }
