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
	"slices"
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
	if err := errors.Join(syscall.Setgroups([]int{p.GID}), syscall.Setresgid(p.GID, p.GID, p.GID),
		syscall.Setresuid(p.UID, p.UID, p.UID)); err != nil {
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

// isolate gives the instance mounts of its own: all is read-only but a bounded /tmp and /dev/shm; /proc has nothing but
// itself; and what is to be hidden is empty.
func isolate(p *Program) error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	// What is to be seen may lie below what is covered.
	kept, err := keep(p)
	defer kept.close()
	if err != nil {
		return err
	}
	readOnly := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID}
	err = unix.MountSetattr(-1, "/", unix.AT_RECURSIVE, &readOnly)
	if err != nil && !errors.Is(err, unix.ENOSYS) { // Linux 5.12; before, its user's rights have to do
		return fmt.Errorf("making all read-only: %w", err)
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV
	if err := unix.Mount("proc", "/proc", "proc", flags|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	size := int64(scratch)
	if p.Memory > 0 {
		size = min(size, p.Memory)
	}
	for _, dir := range scratched {
		if _, err := os.Stat(dir); err != nil {
			continue
		}
		if err := unix.Mount("tmpfs", dir, "tmpfs", flags, fmt.Sprintf("mode=1777,size=%d", size)); err != nil {
			return fmt.Errorf("mounting %s: %w", dir, err)
		}
	}
	// That a mount is read-only keeps nobody from a socket or a terminal of his user's.
	err = unix.Mount("tmpfs", "/run", "tmpfs", flags|unix.MS_NOEXEC, "mode=755,size=64k")
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("mounting /run: %w", err)
	}
	for _, dir := range append([]string{"/dev/pts"}, p.Hide...) {
		err := unix.Mount("tmpfs", dir, "tmpfs", flags|unix.MS_NOEXEC|unix.MS_RDONLY, "mode=000,size=4k")
		if err != nil && err != unix.ENOENT && err != unix.EROFS {
			return fmt.Errorf("hiding %s: %w", dir, err)
		}
	}
	return kept.restore()
}

// scratched are the directories that an instance may write to, and covered those that are not the host's for it.
var (
	scratched = []string{"/tmp", "/var/tmp", "/dev/shm"}
	covered   = append([]string{"/run"}, scratched...)
)

// scratch is the size of the instance's /tmp, in bytes, where its memory is not less.
const scratch = 64 << 20

// held are directories that are bound again where they were, after something has covered them.
type held map[string]*os.File

// keep holds on to the directories that the program needs, where they are below what is covered.
func keep(p *Program) (held, error) {
	all := held{}
	for _, dir := range []string{p.Dir, filepath.Dir(p.Path)} {
		if !slices.ContainsFunc(covered, func(c string) bool { return within(dir, c) }) {
			continue
		}
		file, err := os.OpenFile(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			return all, fmt.Errorf("its directory: %w", err)
		}
		all[dir] = file
	}
	return all, nil
}

func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

func (h held) restore() error {
	for dir, file := range h {
		if slices.Contains(covered, dir) {
			continue // itself: it stays covered
		}
		err := os.MkdirAll(dir, 0o755)
		if err == nil {
			err = unix.Mount(fmt.Sprintf("/proc/self/fd/%d", file.Fd()), dir, "", unix.MS_BIND, "")
		}
		if err != nil {
			return fmt.Errorf("showing %s: %w", dir, err)
		}
	}
	return nil
}

func (h held) close() {
	for _, file := range h {
		_ = file.Close()
	}
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
			return fmt.Errorf("its user, number %d, may not reach %s: let others read and enter it and the directories above "+
				"it (chmod o+rX), or move it to where they may: %w", os.Geteuid(), w.path, fs.ErrPermission)
		}
	}
	return nil
}
