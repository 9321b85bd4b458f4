package userspace

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Times that a process is given to end: on request, and when killed.
const (
	termGrace = time.Second
	killGrace = 5 * time.Second
)

// kill ends every fabric process of the testbed and waits until each has ended.
func (f *Fabric) kill() error {
	pids, err := Processes(f.testbed)
	if err != nil {
		return err
	}
	var errs []error
	for _, pid := range pids {
		errs = append(errs, f.end(pid))
	}
	return errors.Join(errs...)
}

// Processes lists the fabric processes of a testbed by their command lines, so that those are found too
// whose state directory is lost. An empty name lists those of all testbeds.
func Processes(testbed string) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err == nil && isProcess(pid, testbed) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// isProcess says whether pid is a fabric process: tb-fabric ... TESTBED STATE-DIRECTORY.
func isProcess(pid int, testbed string) bool {
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		return false
	}
	args := bytes.Split(bytes.TrimSuffix(line, []byte{0}), []byte{0})
	return len(args) >= 3 && string(args[0]) == ProcessName && (testbed == "" || string(args[len(args)-2]) == testbed)
}

// end ends one process. It is held by a descriptor from before the last look at it, so that no other of
// the same number can be meant.
func (f *Fabric) end(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	defer unix.Close(fd)
	if !isProcess(pid, f.testbed) {
		return nil
	}
	for _, try := range []struct {
		signal unix.Signal
		grace  time.Duration
	}{{unix.SIGTERM, termGrace}, {unix.SIGKILL, killGrace}} {
		if err := unix.PidfdSendSignal(fd, try.signal, nil, 0); errors.Is(err, unix.ESRCH) {
			return nil
		} else if err != nil {
			return fmt.Errorf("end process %d: %w", pid, err)
		}
		if exited(fd, try.grace) {
			return nil
		}
	}
	return fmt.Errorf("process %d does not end", pid)
}

// exited waits for the end of the process behind a pidfd.
func exited(fd int, wait time.Duration) bool {
	deadline := time.Now().Add(wait)
	for {
		left := time.Until(deadline)
		if left < 0 {
			return false
		}
		set := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(set, int(left.Milliseconds())+1); err == nil && n > 0 {
			return true
		}
	}
}

// Testbeds names the testbeds that have a fabric process, whether anything else is known of them or not.
func Testbeds() ([]string, error) {
	pids, err := Processes("")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, pid := range pids {
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		args := bytes.Split(bytes.TrimSuffix(line, []byte{0}), []byte{0})
		if err == nil && len(args) >= 3 { // else it has ended meanwhile
			names = append(names, string(args[len(args)-2]))
		}
	}
	return names, nil
}
