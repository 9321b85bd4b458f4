package userspace

import (
	"context"
	"errors"
	"fmt"
)

// ErrEnded is wrapped by the error of Watch when the process has ended.
var ErrEnded = errors.New("the process that carries the packets has ended; its log is fabric.log in the testbed's directory")

// Watch blocks until the fabric's process ends, which is an error, or ctx does, which is none.
func (f *Fabric) Watch(ctx context.Context) error {
	conn, err := f.dial(ctx)
	if err == nil {
		defer conn.Close()
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		defer stop()
		// The process says nothing unasked: only its end ends the read.
		_, err = conn.Read(make([]byte, 1))
	}
	if ctx.Err() != nil {
		return nil
	}
	return f.wrap(fmt.Errorf("%w (%w)", ErrEnded, err))
}
