package machines

import "errors"

// Error is an error about a machine.
type Error struct {
	Machine string // what it is called
	Err     error
}

// Error names the machine, and says what is wrong.
func (e *Error) Error() string { return "machine " + e.Machine + ": " + e.Err.Error() }

// Unwrap is what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// On names a machine in an error, once. It is nil where that is.
func On(machine string, err error) error {
	var named *Error
	if err == nil || errors.As(err, &named) && named.Machine == machine {
		return err
	}
	return &Error{machine, err}
}
