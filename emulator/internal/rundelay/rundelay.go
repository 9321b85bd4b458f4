// Package rundelay reads how long threads were ready to run and had no processor: the second number of
// /proc/PID/task/TID/schedstat (proc_pid_schedstat), which kernels with CONFIG_SCHED_INFO keep. It tells what a busy
// host has taken from a program, to the nanosecond. Where the kernel does not tell, it is 0.
package rundelay

import (
	"bytes"
	"strconv"
)

// parse is the second number of a schedstat in ns; 0 where there is none.
func parse(text []byte) int64 {
	_, rest, _ := bytes.Cut(text, []byte{' '})
	number, _, _ := bytes.Cut(rest, []byte{' '})
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}
