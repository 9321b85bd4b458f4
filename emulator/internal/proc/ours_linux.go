package proc

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/elffile"
)

// ErrForeign is wrapped by errors about a process that this program did not start.
var ErrForeign = errors.New("not a process of testbed")

// Ours returns nil for a process that only this program, run by the same user, can have started: all
// four of its user numbers are this process's, it may make namespaces, it is in this process's user namespace,
// its root directory is this process's, and it executes this program, or another build of it. A command line
// is not among the marks: anybody can choose that, and whoever has a program of root's to start (setuid)
// or a container chooses it for a process of root. Containers have a root of their own; a user namespace is
// another one.
func (p *Process) Ours() error {
	for _, mark := range []func() error{p.sameUser, p.sameNamespace, p.sameRoot, p.sameProgram} {
		if err := mark(); err != nil {
			return fmt.Errorf("process %d: %w: %w", p.PID, ErrForeign, err)
		}
	}
	if !p.Alive() {
		return fmt.Errorf("process %d: %w", p.PID, ErrGone)
	}
	return nil
}

func (p *Process) sameUser() error {
	want := strconv.Itoa(os.Geteuid())
	if ids := p.status("Uid"); len(ids) != 4 || slices.ContainsFunc(ids, func(id string) bool { return id != want }) {
		return fmt.Errorf("its user is %s", strings.Join(ids, " "))
	}
	have, err := p.capabilities()
	if err != nil {
		return err
	}
	const needed = 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_NET_ADMIN
	if have&needed != needed {
		return errors.New("it lacks the capabilities by which testbed makes namespaces")
	}
	return nil
}

func (p *Process) capabilities() (uint64, error) {
	fields := p.status("CapEff")
	if len(fields) != 1 {
		return 0, errors.New("its capabilities cannot be read")
	}
	return strconv.ParseUint(fields[0], 16, 64)
}

func (p *Process) sameNamespace() error {
	theirs, err := p.NamespaceID("user")
	if errors.Is(err, unix.ENOENT) {
		return nil // a kernel without user namespaces
	}
	if err != nil {
		return err
	}
	if theirs != OwnNamespace("user") {
		return errors.New("it is in another user namespace")
	}
	return nil
}

// sameRoot compares root directories: a container's is its image's.
func (p *Process) sameRoot() error { return p.sameFile("root", "/") }

// sameProgram compares what is executed. A program that was built anew since is known by what the Go
// toolchain writes into it.
func (p *Process) sameProgram() error {
	if p.sameFile("exe", "/proc/self/exe") == nil {
		return nil
	}
	own := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		own = info.Main.Path
	}
	theirs, err := elffile.Module(fmt.Sprintf("/proc/%d/exe", p.PID))
	if err != nil {
		return fmt.Errorf("what it executes: %w", err)
	}
	if own == "" || theirs != own {
		return errors.New("it executes another program")
	}
	return nil
}

// sameFile compares what a magic link of the process's directory leads to with a file.
func (p *Process) sameFile(link, path string) error {
	at, err := p.dir.Open(".")
	if err != nil {
		return err
	}
	defer at.Close()
	var theirs, own unix.Stat_t
	if err := unix.Fstatat(int(at.Fd()), link, &theirs, 0); err != nil {
		return err
	}
	if err := unix.Stat(path, &own); err != nil {
		return err
	}
	if theirs.Dev != own.Dev || theirs.Ino != own.Ino {
		return fmt.Errorf("its %s is another one", link)
	}
	return nil
}
