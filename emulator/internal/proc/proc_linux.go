package proc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// maxFile bounds what is read of a file of /proc: a command line can have megabytes.
const maxFile = 1 << 20

// Process is one process, whatever becomes of its number: its pidfd and its directory in /proc stay its own.
type Process struct {
	PID   int
	Start uint64 // when it started, in clock ticks after boot

	pidfd int
	dir   *os.Root // /proc/PID
}

// Open holds on to the process that has the number now. The error wraps ErrGone where there is none.
func Open(pid int) (*Process, error) {
	if pid <= 0 {
		return nil, fmt.Errorf("process %d: %w", pid, ErrGone)
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, gone(pid, err)
	}
	dir, err := os.OpenRoot(fmt.Sprintf("/proc/%d", pid))
	if err != nil {
		unix.Close(fd)
		return nil, gone(pid, err)
	}
	p := &Process{PID: pid, pidfd: fd, dir: dir}
	if p.Start, err = p.started(); err == nil && !p.Alive() {
		// The directory may be a later process's. While the pidfd's process lives, it cannot be.
		err = ErrGone
	}
	if err != nil {
		p.Close()
		return nil, gone(pid, err)
	}
	return p, nil
}

// OpenStarted is Open for the process that had the number when it was started at the given time.
func OpenStarted(pid int, start uint64) (*Process, error) {
	p, err := Open(pid)
	if err != nil {
		return nil, err
	}
	if p.Start != start {
		p.Close()
		return nil, gone(pid, errors.New("another process has its number"))
	}
	return p, nil
}

func gone(pid int, err error) error {
	switch {
	case errors.Is(err, ErrGone):
		return fmt.Errorf("process %d: %w", pid, err)
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOMEM),
		errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSYS):
		return fmt.Errorf("process %d: %w", pid, err)
	}
	return fmt.Errorf("process %d: %w: %w", pid, ErrGone, err)
}

// Close lets the process go; it goes on.
func (p *Process) Close() {
	unix.Close(p.pidfd)
	p.dir.Close()
}

// Signal sends a signal. One that has ended gives an error that wraps ErrGone.
func (p *Process) Signal(s unix.Signal) error {
	if err := unix.PidfdSendSignal(p.pidfd, s, nil, 0); err != nil {
		return gone(p.PID, err)
	}
	return nil
}

// SignalGroup sends a signal to the process group that the process leads, as far as the kernel can (Linux 6.9),
// else to the process alone: a group's number may be another's by the time that it is signalled.
func (p *Process) SignalGroup(s unix.Signal) error {
	const processGroup = 1 << 2 // PIDFD_SIGNAL_PROCESS_GROUP
	if err := unix.PidfdSendSignal(p.pidfd, s, nil, processGroup); err == nil {
		return nil
	}
	return p.Signal(s)
}

// Alive tells whether the process has not ended yet.
func (p *Process) Alive() bool { return !p.Ended(0) }

// Ended waits for the process's end, for the given time at most, and tells whether it has come.
func (p *Process) Ended(wait time.Duration) bool {
	deadline := time.Now().Add(wait)
	for {
		left := max(time.Until(deadline), 0)
		set := []unix.PollFd{{Fd: int32(p.pidfd), Events: unix.POLLIN}}
		n, err := unix.Poll(set, int((left + time.Millisecond - 1).Milliseconds()))
		if err == nil && n > 0 {
			return true
		}
		if left == 0 && err != unix.EINTR {
			return false
		}
	}
}

// read reads a file of the process's directory in /proc.
func (p *Process) read(name string) ([]byte, error) {
	f, err := p.dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// CommandLine is the process's arguments, its name first.
func (p *Process) CommandLine() ([]string, error) {
	data, err := p.read("cmdline")
	if err != nil {
		return nil, gone(p.PID, err)
	}
	return Arguments(data), nil
}

// CommandLineOf is what the process that has the number now calls itself, without holding on to it; nil: there
// is none. It is for a quick first look.
func CommandLineOf(pid int) []string {
	f, err := os.Open(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil
	}
	return Arguments(data)
}

// Arguments splits the content of a file cmdline.
func Arguments(data []byte) []string {
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
}

// ControlGroups is the content of the process's file cgroup.
func (p *Process) ControlGroups() (string, error) {
	data, err := p.read("cgroup")
	if err != nil {
		return "", gone(p.PID, err)
	}
	return string(data), nil
}

// started reads the start time.
func (p *Process) started() (uint64, error) {
	start, err := p.stat(22)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(start, 10, 64)
}

// Stopped tells whether a signal such as SIGSTOP has stopped the process. One that has ended is not stopped.
func (p *Process) Stopped() bool {
	state, err := p.stat(3)
	return err == nil && state == "T"
}

// stat reads a field of the file stat, by its number in proc(5), which is 3 at least: they are counted behind the
// name, which may hold anything.
func (p *Process) stat(number int) (string, error) {
	data, err := p.read("stat")
	if err != nil {
		return "", err
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) <= number-3 {
		return "", fmt.Errorf("/proc/%d/stat: %d fields", p.PID, len(fields))
	}
	return fields[number-3], nil
}

// status reads a field of the file status; empty: there is none.
func (p *Process) status(field string) []string {
	data, err := p.read("status")
	if err != nil {
		return nil
	}
	_, after, ok := strings.Cut("\n"+string(data), "\n"+field+":")
	if !ok {
		return nil
	}
	line, _, _ := strings.Cut(after, "\n")
	return strings.Fields(line)
}

// FirstInside tells whether the process is the first of a pid namespace below this program's: the kernel
// lists its numbers from this namespace inwards.
func (p *Process) FirstInside() bool {
	numbers := p.status("NSpid")
	return len(numbers) >= 2 && numbers[len(numbers)-1] == "1"
}

// Namespace opens one of the process's namespaces: net, mnt, pid, uts, user.
func (p *Process) Namespace(kind string) (*os.File, error) {
	// A root's Open would not follow the magic link.
	at, err := p.dir.Open(".")
	if err != nil {
		return nil, gone(p.PID, err)
	}
	defer at.Close()
	fd, err := unix.Openat(int(at.Fd()), "ns/"+kind, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("its %s namespace: %w", kind, gone(p.PID, err))
	}
	return os.NewFile(uintptr(fd), fmt.Sprintf("/proc/%d/ns/%s", p.PID, kind)), nil
}

// NamespaceID is the number by which the kernel tells namespaces of a kind apart while they exist.
func (p *Process) NamespaceID(kind string) (uint64, error) {
	file, err := p.Namespace(kind)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return Inode(file)
}

// Inode is the number of an open file.
func Inode(file *os.File) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return 0, fmt.Errorf("%s: %w", file.Name(), err)
	}
	return st.Ino, nil
}

// All lists the numbers of the processes there are.
func All() ([]int, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if len(names) == 0 && err != nil {
		return nil, err
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, nil
}
