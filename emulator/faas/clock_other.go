//go:build !linux

package faas

import (
	"syscall"
	"time"
)

func monotonic() int64 { return time.Now().UnixNano() }

func (c *clock) waitFinely(until int64, wake <-chan struct{}) bool {
	timer := time.NewTimer(time.Duration(until - c.now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-wake:
		return false
	}
}

func (c *clock) burn(time.Duration, <-chan struct{}) bool { return false }

const canBurn = false

const childSignal = syscall.Signal(-1)
