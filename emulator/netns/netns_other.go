//go:build !linux

package netns

import "os"

// Do returns ErrNotSupported.
func Do(Ref, func() error) error { return ErrNotSupported }

// Enter returns ErrNotSupported.
func Enter(Ref) (*os.File, error) { return nil, ErrNotSupported }

// Open returns ErrNotSupported.
func (r Ref) Open() (*os.File, error) { return nil, ErrNotSupported }
