package seat

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/localsocket"
	"testbed/emulator/internal/proc"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime/remote"
)

// Seat is a client of the process that keeps a testbed's agents. Its methods may be called at the same time, and by
// several processes.
type Seat struct {
	dir, testbed string
	agents       []Agent
}

// answering bounds how long the process may take for an answer: an agent has less; see control.Session.Open.
const answering = time.Minute

// Open finds the living process of a testbed whose records are in dir. The error wraps ErrNotRunning where there is
// none.
func Open(dir, testbed string) (*Seat, error) {
	s := &Seat{dir: dir, testbed: testbed}
	conn, err := s.ask(want{service: agentsService})
	if err != nil {
		return nil, s.wrap(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answering))
	var r roll
	if err := receive(bufio.NewReader(conn), &r); err != nil {
		return nil, s.wrap(fmt.Errorf("%w: %w", ErrNotRunning, err))
	}
	if err := r.check(testbed); err != nil {
		return nil, s.wrap(err)
	}
	s.agents = r.Agents
	return s, nil
}

func (s *Seat) wrap(err error) error { return fmt.Errorf("agents of testbed %s: %w", s.testbed, err) }

// Agents are those that the process keeps, or has lost, in the order in which they were wanted.
func (s *Seat) Agents() []Agent { return slices.Clone(s.agents) }

// ask connects to the process and says what is wanted. What follows on the connection is the answer.
func (s *Seat) ask(w want) (net.Conn, error) {
	line, err := w.line()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), answering)
	defer cancel()
	conn, err := localsocket.Dial(ctx, s.dir, socketName)
	if err != nil {
		return nil, notRunning(err)
	}
	_ = conn.SetDeadline(time.Now().Add(answering))
	if _, err = io.WriteString(conn, line); err == nil {
		err = readAnswer(conn)
	}
	if err != nil {
		conn.Close()
		var said *answered
		if errors.As(err, &said) {
			return nil, said.error
		}
		return nil, fmt.Errorf("%w: it ended without an answer: %w", ErrNotRunning, err)
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, nil
}

// notRunning adds to an error, where it says that nothing listens, that there is no process.
func notRunning(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.ENOTDIR) {
		return fmt.Errorf("%w (%w)", ErrNotRunning, err)
	}
	return err
}

// At opens streams to the services of a machine's agent. The streams are unix sockets, with a method CloseWrite. Errors
// name the machine, and wrap control.ErrLost where its agent, or the process, is lost, else control.ErrNoService where
// the agent has no such service.
func (s *Seat) At(machineID string) remote.Opener { return &opener{s, machineID} }

type opener struct {
	seat *Seat
	id   string
}

// Open opens a stream.
func (o *opener) Open(service string) (net.Conn, error) {
	m := machines.Machine{ID: o.id}
	if i := slices.IndexFunc(o.seat.agents, func(a Agent) bool { return a.Machine.ID == o.id }); i >= 0 {
		m = o.seat.agents[i].Machine
	}
	if m.ID == "" {
		return nil, carrier.On(m, errNoMachine)
	}
	conn, err := o.seat.ask(want{o.id, service})
	if errors.Is(err, ErrNotRunning) {
		err = fmt.Errorf("%w: %w", control.ErrLost, err)
	}
	if err != nil {
		return nil, carrier.On(m, err)
	}
	return conn, nil
}

// Watch blocks until an agent or the process is lost, which its error names with the cause and wraps
// control.ErrLost, or until ctx ends, whose cause it returns then.
func (s *Seat) Watch(ctx context.Context) error {
	conn, err := s.ask(want{service: watchService})
	if err == nil {
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		err = watch(conn)
		stop()
		conn.Close()
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if errors.Is(err, ErrNotRunning) {
		err = fmt.Errorf("%w: %w", control.ErrLost, err)
	}
	return s.wrap(err)
}

// watch waits for what the process tells, which is one thing.
func watch(conn net.Conn) error {
	var f exchange.Failure
	if err := receive(bufio.NewReader(conn), &f); err != nil {
		return fmt.Errorf("%w: it has ended (%w)", ErrNotRunning, err)
	}
	return kinds.Error(&f)
}

// Close ends the process, and with it the agents. It may be repeated.
func (s *Seat) Close(ctx context.Context) error { return End(ctx, s.dir, s.testbed) }

// leaving is what the process is given to end the agents, each of whose engines is given a minute.
const leaving = 2 * time.Minute

// End ends the process of a testbed whose records are in dir, whether it answers or not, and waits for its end. When
// ctx ends first the process is killed: agents end by themselves then, and what a Swarm has for them is for
// carrier.Carrier.Remove. That there is none is no error.
func End(ctx context.Context, dir, testbed string) error {
	var failed []error
	err := each(func(p *proc.Process, name, in string) {
		if name == testbed && in == absolute(dir) {
			failed = append(failed, p.End(leaving, ctx.Done()))
		}
	})
	failed = append(failed, err)
	// What a process that was killed has left.
	tunnels, _ := filepath.Glob(filepath.Join(dir, "tb-ssh-*"))
	for _, path := range append(tunnels, filepath.Join(dir, socketName)) {
		if err := os.RemoveAll(path); err != nil && !errors.Is(err, unix.ENOTDIR) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// Testbeds names the testbeds whose agents a process keeps, and the directory of each, whether anything else is known
// of them or not.
func Testbeds() (dirs map[string]string, err error) {
	dirs = map[string]string{}
	err = each(func(_ *proc.Process, testbed, dir string) { dirs[testbed] = dir })
	return dirs, err
}

// each calls do for every such process, with its testbed and directory: tb-seat ... TESTBED DIRECTORY.
func each(do func(p *proc.Process, testbed, dir string)) error {
	return proc.Named(ProcessName, func(p *proc.Process, line []string) {
		if len(line) >= 3 {
			do(p, line[len(line)-2], line[len(line)-1])
		}
	})
}

// absolute is a directory as the process was given it.
func absolute(dir string) string {
	if path, err := filepath.Abs(dir); err == nil {
		return path
	}
	return dir
}
