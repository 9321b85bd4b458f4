//go:build !linux

package function

// ReadAs fails: programs are executed on Linux alone.
func ReadAs(_, _ int, _ string, _ int64) ([]byte, error) { return nil, ErrNotSupported }
