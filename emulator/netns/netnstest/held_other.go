//go:build !linux

package netnstest

import "testbed/emulator/netns"

// Held is a network namespace without a name.
type Held struct{}

// New fails with netns.ErrNotSupported.
func New() (*Held, error) { return nil, netns.ErrNotSupported }

// Ref leads nowhere.
func (h *Held) Ref() netns.Ref { return netns.Ref{} }

// Close does nothing.
func (h *Held) Close() error { return nil }
