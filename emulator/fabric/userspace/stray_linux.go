package userspace

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
)

// Times that a process is given to end: on request, and when killed.
const (
	termGrace = time.Second
	killGrace = 5 * time.Second
)

// kill ends every fabric process of the testbed and waits until each has ended.
func (f *Fabric) kill() error {
	pids, err := f.processes()
	if err != nil {
		return err
	}
	var errs []error
	for _, pid := range pids {
		errs = append(errs, f.end(pid))
	}
	return errors.Join(errs...)
}

// processes are those that are this fabric's.
func (f *Fabric) processes() ([]int, error) {
	var pids []int
	err := each(func(p *proc.Process, name string) {
		if f.is(p, name) {
			pids = append(pids, p.PID)
		}
	})
	return pids, err
}

// is says whether a fabric process of a name is this fabric's.
func (f *Fabric) is(p *proc.Process, testbed string) bool {
	if testbed != f.testbed || !f.beside {
		return testbed == f.testbed
	}
	dir, err := filepath.Abs(f.dir)
	line, gone := p.CommandLine()
	return err == nil && gone == nil && len(line) > 0 && line[len(line)-1] == dir
}

// Processes lists the fabric processes of a testbed by their command lines, so that those are found too
// whose state directory is lost, among the processes that only this program can have started; see
// proc.Process.Ours. An empty name lists those of all testbeds.
func Processes(testbed string) ([]int, error) {
	var pids []int
	err := each(func(p *proc.Process, name string) {
		if testbed == "" || name == testbed {
			pids = append(pids, p.PID)
		}
	})
	return pids, err
}

// each calls f for every fabric process, with its testbed's name.
func each(f func(p *proc.Process, testbed string)) error {
	pids, err := proc.All()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if !looks(pid) {
			continue
		}
		p, err := proc.Open(pid)
		if err != nil {
			continue // it has ended meanwhile
		}
		if name, ok := testbedOf(p); ok {
			f(p, name)
		}
		p.Close()
	}
	return nil
}

// looks tells whether a process calls itself a fabric process, which proves nothing, but is quick.
func looks(pid int) bool {
	_, ok := parseCommandLine(proc.CommandLineOf(pid))
	return ok
}

// testbedOf is the name of the testbed whose fabric process p is.
func testbedOf(p *proc.Process) (string, bool) {
	line, err := p.CommandLine()
	if err != nil {
		return "", false
	}
	name, ok := parseCommandLine(line)
	return name, ok && p.Ours() == nil
}

// parseCommandLine reads the testbed's name from tb-fabric ... TESTBED STATE-DIRECTORY.
func parseCommandLine(line []string) (testbed string, ok bool) {
	if len(line) < 3 || line[0] != ProcessName {
		return "", false
	}
	return line[len(line)-2], true
}

// end ends one process. It is held on to from before the last look at it, so that no other of the same
// number can be meant.
func (f *Fabric) end(pid int) error {
	p, err := proc.Open(pid)
	if errors.Is(err, proc.ErrGone) {
		return nil
	}
	if err != nil {
		return err
	}
	defer p.Close()
	if name, ok := testbedOf(p); !ok || !f.is(p, name) {
		return nil
	}
	for _, try := range []struct {
		signal unix.Signal
		grace  time.Duration
	}{{unix.SIGTERM, termGrace}, {unix.SIGKILL, killGrace}} {
		if err := p.Signal(try.signal); errors.Is(err, proc.ErrGone) {
			return nil
		} else if err != nil {
			return fmt.Errorf("end process %d: %w", pid, err)
		}
		if p.Ended(try.grace) {
			return nil
		}
	}
	return fmt.Errorf("process %d does not end", pid)
}

// Testbeds names the testbeds that have a fabric process, whether anything else is known of them or not.
func Testbeds() ([]string, error) {
	var names []string
	err := each(func(_ *proc.Process, testbed string) { names = append(names, testbed) })
	return names, err
}
