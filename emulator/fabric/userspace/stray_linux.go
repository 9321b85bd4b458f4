package userspace

import (
	"errors"
	"path/filepath"
	"time"

	"testbed/emulator/internal/proc"
)

// termGrace is what a process is given to end on request.
const termGrace = time.Second

// kill ends every fabric process that is this fabric's, and waits until each has ended.
func (f *Fabric) kill() error {
	var errs []error
	err := each(func(p *proc.Process, testbed, dir string) {
		if f.is(testbed, dir) {
			errs = append(errs, p.End(termGrace, nil))
		}
	})
	return errors.Join(append(errs, err)...)
}

// is says whether a fabric process of a testbed and a directory is this fabric's.
func (f *Fabric) is(testbed, in string) bool {
	if testbed != f.testbed || !f.beside {
		return testbed == f.testbed
	}
	dir, err := filepath.Abs(f.dir)
	return err == nil && in == dir
}

// Processes lists the fabric processes of a testbed by their command lines, so that those are found too
// whose state directory is lost, among the processes that only this program can have started; see
// proc.Process.Ours. An empty name lists those of all testbeds.
func Processes(testbed string) ([]int, error) {
	var pids []int
	err := each(func(p *proc.Process, name, _ string) {
		if testbed == "" || name == testbed {
			pids = append(pids, p.PID)
		}
	})
	return pids, err
}

// each calls f for every fabric process: tb-fabric ... TESTBED STATE-DIRECTORY.
func each(f func(p *proc.Process, testbed, dir string)) error {
	return proc.Named(ProcessName, func(p *proc.Process, line []string) {
		if len(line) >= 3 {
			f(p, line[len(line)-2], line[len(line)-1])
		}
	})
}

// Testbeds names the testbeds that have a fabric process, whether anything else is known of them or not.
func Testbeds() ([]string, error) {
	var names []string
	err := each(func(_ *proc.Process, testbed, _ string) { names = append(names, testbed) })
	return names, err
}
