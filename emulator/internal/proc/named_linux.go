package proc

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Named calls do for every process that calls itself by a name, and that only this program can have started; see
// Ours. It holds on to the process meanwhile. line is its command line, the name first.
func Named(name string, do func(p *Process, line []string)) error {
	pids, err := All()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if line := CommandLineOf(pid); len(line) == 0 || line[0] != name { // it proves nothing, but is quick
			continue
		}
		p, err := Open(pid)
		if err != nil {
			continue // it has ended meanwhile
		}
		if line, err := p.CommandLine(); err == nil && line[0] == name && p.Ours() == nil {
			do(p, line)
		}
		p.Close()
	}
	return nil
}

// killGrace is what a process is given to end that was killed.
const killGrace = 5 * time.Second

// End ends the process: by SIGTERM, and by SIGKILL where it has not ended in the time given, or is not to be waited for
// any more. One that has ended already is no error.
func (p *Process) End(grace time.Duration, hurry <-chan struct{}) error {
	if err := p.Signal(unix.SIGTERM); err != nil {
		return unlessGone(p.PID, err)
	}
	const look = 50 * time.Millisecond
	for deadline := time.Now().Add(grace); time.Now().Before(deadline); {
		if p.Ended(min(look, time.Until(deadline))) {
			return nil
		}
		select {
		case <-hurry:
			deadline = time.Now()
		default:
		}
	}
	if err := p.Signal(unix.SIGKILL); err != nil {
		return unlessGone(p.PID, err)
	}
	if !p.Ended(killGrace) {
		return fmt.Errorf("process %d does not end", p.PID)
	}
	return nil
}

func unlessGone(pid int, err error) error {
	if errors.Is(err, ErrGone) {
		return nil
	}
	return fmt.Errorf("end process %d: %w", pid, err)
}
