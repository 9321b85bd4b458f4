package function

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Command is the hidden command that makes the program's binary an instance of a user's function.
const Command = "tb-function"

// Descriptors of what an instance is told, and what it tells: nothing, where all went well.
const (
	orderFD   = 3
	failureFD = 4
)

// order is what an instance is told.
type order struct {
	Program *Program
	Env     []string
	Free    bool
	Limits  bool // there is no control group, and limits of processes have to do
}

// Main is an instance's process before it becomes the user's program: it takes away from itself what that must not
// have. It returns only where that failed, after it has told the agent why.
func Main() int {
	runtime.LockOSThread() // capabilities belong to a thread, and it is this one that becomes the program
	for _, fd := range []int{orderFD, failureFD} {
		unix.CloseOnExec(fd)
	}
	from, to := os.NewFile(orderFD, "order"), os.NewFile(failureFD, "failure")
	var o order
	err := json.NewDecoder(from).Decode(&o)
	if errors.Is(err, io.EOF) {
		return 1 // the agent has died, or changed its mind
	}
	if err == nil && !o.Free {
		err = confine(&o)
	}
	if err == nil {
		err = become(&o)
	}
	_, _ = fmt.Fprint(to, err) // where the agent has gone, there is nobody else to tell
	return 1
}

// confine leaves this process what an instance may have. Mounts come first, for they need rights.
func confine(o *order) error {
	p := o.Program
	if err := syscall.Setgroups([]int{p.GID}); err != nil {
		return fmt.Errorf("becoming user %d: %w", p.UID, err)
	}
	if err := isolate(p); err != nil {
		return err
	}
	// The kernel ends a function before any agent where memory is short.
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("900"), 0); err != nil {
		return fmt.Errorf("giving up memory first: %w", err)
	}
	if err := limit(o); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	for c := range 64 {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err == unix.EINVAL {
			break // the kernel has no more
		} else if err != nil {
			return fmt.Errorf("dropping capability %d: %w", c, err)
		}
	}
	if p.UID == 0 {
		return errors.New("it would be executed as root")
	}
	if err := errors.Join(syscall.Setresgid(p.GID, p.GID, p.GID), syscall.Setresuid(p.UID, p.UID, p.UID)); err != nil {
		return fmt.Errorf("becoming user %d: %w", p.UID, err)
	}
	unix.Umask(0o077)
	return nil
}

// limit sets the limits of this process: the agent's own bound of its log must not hold for the program's files.
func limit(o *order) error {
	limits := map[int]uint64{unix.RLIMIT_CORE: 0}
	if o.Limits && o.Program.Memory > 0 {
		limits[unix.RLIMIT_DATA] = uint64(o.Program.Memory)
	}
	if o.Limits && o.Program.Processes > 0 {
		limits[unix.RLIMIT_NPROC] = uint64(o.Program.Processes)
	}
	for what, most := range limits {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit %d of %d: %w", what, most, err)
		}
	}
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_FSIZE, &files) == nil {
		files.Cur = files.Max
		_ = unix.Setrlimit(unix.RLIMIT_FSIZE, &files) // it is within what it may have
	}
	return nil
}

// become executes the program.
func become(o *order) error {
	p := o.Program
	if err := reachable(p); err != nil {
		return err
	}
	if err := os.Chdir(p.Dir); err != nil {
		return err
	}
	// A process that executes another program hands on which signals it ignores, but not which it handles.
	signal.Notify(make(chan os.Signal, 1), unix.SIGXFSZ, unix.SIGPIPE, unix.SIGHUP, unix.SIGINT)
	_ = unix.CloseRange(orderFD, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	return fmt.Errorf("%s: %w", p.Path, syscall.Exec(p.Path, p.Command, o.Env))
}

// unreached is that a user may not reach a path.
func unreached(uid int, path string) error {
	return fmt.Errorf("its user, number %d, may not reach %s: let others read and enter it and the directories above "+
		"it (chmod o+rX), or move it to where they may: %w", uid, path, fs.ErrPermission)
}

// reachable says what the program's user may not reach of what it needs: the program, the directory, and files that its
// command names.
func reachable(p *Program) error {
	wanted := []struct {
		path string
		mode uint32
	}{{p.Dir, unix.X_OK}, {p.Path, unix.X_OK}}
	for _, argument := range p.Command[1:] {
		if path := argument; !strings.HasPrefix(path, "-") {
			if !filepath.IsAbs(path) {
				path = filepath.Join(p.Dir, path)
			}
			wanted = append(wanted, struct {
				path string
				mode uint32
			}{path, unix.R_OK})
		}
	}
	for _, w := range wanted {
		err := unix.Faccessat(unix.AT_FDCWD, w.path, w.mode, unix.AT_EACCESS)
		if err == unix.EACCES {
			return unreached(os.Geteuid(), w.path)
		}
	}
	return nil
}
