package process

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/noderuntime"
	"testbed/emulator/units"
)

// What a node prints is kept in two files, of which the older one is replaced once the newer is full; the state
// directory's disk, mostly memory, is never filled by it. Between two looks the kernel holds the newer one to its
// limit: what goes beyond is lost.
const (
	logFull   = 1 * units.MiB // and the file is put away
	logLimit  = 2 * units.MiB // of a file, whatever the node prints
	logLooked = 2 * time.Second
)

// olderLog is where a log goes that is full.
func olderLog(log string) string { return log + ".1" }

// boundLog keeps this process's output, which goes to the log, within its bounds for as long as it runs. It holds for
// any file that the process writes; a node writes no other.
func boundLog(log string) {
	signal.Ignore(unix.SIGXFSZ) // a write beyond the limit fails, and ends nothing
	limit := unix.Rlimit{Cur: uint64(logLimit), Max: uint64(logLimit)}
	var now unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_FSIZE, &now) == nil {
		limit.Cur, limit.Max = min(limit.Cur, now.Max), now.Max
	}
	_ = unix.Setrlimit(unix.RLIMIT_FSIZE, &limit) // lowering it is everybody's right
	rotate(log)
	go func() {
		for range time.Tick(logLooked) {
			rotate(log)
		}
	}()
}

// rotate puts the log away where it is full and begins a new one. Where that cannot be made, as on a full disk, the
// one that is there begins anew.
func rotate(log string) {
	var st unix.Stat_t
	err := unix.Fstat(unix.Stdout, &st)
	if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size < int64(logFull) {
		return
	}
	fresh, older := log+".new", olderLog(log)
	for _, last := range []string{fresh, older} {
		if err := os.Remove(last); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
	file, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, logMode)
	if err == nil {
		defer file.Close()
		_ = os.Link(log, older)     // without it only the older output is lost
		err = os.Rename(fresh, log) // at once: a reader finds one of them
	}
	if err != nil {
		_ = unix.Ftruncate(unix.Stdout, 0)
		return
	}
	for _, fd := range []int{unix.Stdout, unix.Stderr} {
		_ = unix.Dup3(int(file.Fd()), fd, 0)
	}
}

// logMode is for root alone.
const logMode = 0o600

// openLog opens a node's log for its process to write to.
func openLog(s noderuntime.Spec) (*os.File, error) {
	return os.OpenFile(logPath(s), os.O_WRONLY|os.O_CREATE|os.O_APPEND, logMode)
}
