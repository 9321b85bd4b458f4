package userspace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/internal/childenv"
	"testbed/emulator/internal/program"
)

// Fabric is the client of a testbed's fabric process. It implements fabric.Fabric.
type Fabric struct {
	dir     string
	testbed string
	program program.Program
	args    []string

	part    *Part    // nil: all of the network
	shared  *os.File // part's listener
	depends bool
	beside  bool // other machines' processes may be of this host
	starts  int
	parent  net.Conn // to a process that ends with it; nil: it lives on by itself
}

var _ fabric.Fabric = (*Fabric)(nil)

// New returns the fabric of the testbed of that name, whose files are in stateDir. p is the program
// that calls Main, and args are what makes it do so; to them the name and the directory are added.
func New(stateDir, testbed string, p program.Program, args ...string) *Fabric {
	return &Fabric{dir: stateDir, testbed: testbed, program: p, args: args}
}

// Name is userspace.
func (*Fabric) Name() string { return Name }

// Apply makes the network, or changes the one there is without losing packets under way. It returns when
// all stations are up. If it fails on a network that did not exist before, the process is gone. On a
// network that is up with the same graph and stations only shapes, limits, what is down and the partition
// are sent.
func (f *Fabric) Apply(ctx context.Context, want fabric.Network) error {
	return f.apply(ctx, want, false)
}

// Reshape puts a state in force, on a network of the same structure, and looks at no station unless links take packets
// of another size, which interfaces then do as well.
func (f *Fabric) Reshape(ctx context.Context, want fabric.Network) error {
	return f.apply(ctx, want, true)
}

// Depend implements fabric.Dependent.
func (f *Fabric) Depend() { f.depends = true }

// Beside makes the fabric end no process of its testbed's name but that of its own directory: this host may have those
// of other machines, too, as where two of its engines stand for one each.
func (f *Fabric) Beside() { f.beside = true }

func (f *Fabric) apply(ctx context.Context, want fabric.Network, bare bool) error {
	if want.Topology == nil {
		return f.wrap(errors.New("a network without a topology"))
	}
	conn, err := f.call(ctx)
	if ctx.Err() != nil { // it says nothing about the process
		return f.wrap(context.Cause(ctx))
	}
	if err == nil {
		defer conn.Close()
		if err := f.change(ctx, conn, want, bare); !errors.Is(err, errNoReply) {
			return f.wrap(err)
		}
	}
	q, err := f.applyRequest(want)
	if err != nil {
		return f.wrap(err)
	}
	// A process that does not reply is of no use.
	if err := f.kill(); err != nil {
		return f.wrap(err)
	}
	return f.wrap(f.start(ctx, q))
}

// change makes the living process's network as wanted.
func (f *Fabric) change(ctx context.Context, conn *clientConn, want fabric.Network, bare bool) error {
	s, err := stateOfPart(want, f.part)
	if err != nil {
		return err
	}
	a, err := conn.ask(ctx, request{Op: opAlter, State: &s, Bare: bare})
	if err == nil && a.Differs {
		var q request
		if q, err = f.applyRequest(want); err == nil {
			a, err = conn.ask(ctx, q)
		}
	}
	return errors.Join(err, a.absent())
}

// absent is the error about stations whose namespace is not there; nil where all are.
func (a *reply) absent() error {
	if len(a.Absent) == 0 {
		return nil
	}
	return &fabric.AbsentError{Stations: a.Absent}
}

// applyRequest is the request that carries all of the network.
func (f *Fabric) applyRequest(want fabric.Network) (request, error) {
	var encoded bytes.Buffer
	err := want.Encode(&encoded)
	q := request{Op: opApply, Network: encoded.Bytes()}
	if f.part != nil {
		q.Part = f.part.request()
	}
	return q, err
}

// Inspect asks the process what is in force.
func (f *Fabric) Inspect(ctx context.Context) (fabric.Status, error) {
	a, err := f.inspect(ctx, false)
	return a.Status, err
}

// Counters asks it for its queues alone: what is in the stations' namespaces takes a fifth of a millisecond each.
func (f *Fabric) Counters(ctx context.Context) ([]fabric.QueueStatus, error) {
	a, err := f.inspect(ctx, true)
	return a.Status.Queues, err
}

func (f *Fabric) inspect(ctx context.Context, bare bool) (reply, error) {
	conn, err := f.call(ctx)
	if err != nil {
		return reply{}, f.wrap(err)
	}
	defer conn.Close()
	a, err := conn.ask(ctx, request{Op: opInspect, Bare: bare})
	return a, f.wrap(err)
}

// Starts is how often this value has started a process: one that began anew knows no other machine yet.
func (f *Fabric) Starts() int { return f.starts }

// Close ends the process, and all others of this testbed's name that were left behind. Interfaces stay in
// namespaces that live on, without carrier, and go with the namespace: removing them one by one would
// take 20 ms each. A later Apply takes them up again.
func (f *Fabric) Close(context.Context) error {
	err := f.kill()
	if f.parent != nil {
		_ = f.parent.Close()
		f.parent = nil
	}
	f.leave()
	station.RestoreCongestion() // it may have been making a network
	gone := os.Remove(filepath.Join(f.dir, socketName))
	if gone != nil && !os.IsNotExist(gone) && !errors.Is(gone, unix.ENOTDIR) {
		err = errors.Join(err, gone)
	}
	return f.wrap(err)
}

func (f *Fabric) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s%w", Of(f.testbed), err)
}

// start starts the process, gives it the network, and confirms. After an error other than about absent stations
// the process is gone.
func (f *Fabric) start(ctx context.Context, q request) error {
	absent, err := f.begin(ctx, q)
	if err != nil {
		return err
	}
	return absent
}

func (f *Fabric) begin(ctx context.Context, q request) (absent, err error) {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	mine, theirs := os.NewFile(uintptr(pair[0]), "fabric process"), os.NewFile(uintptr(pair[1]), "parent")
	conn, err := net.FileConn(mine)
	_ = mine.Close()
	if err != nil {
		_ = theirs.Close()
		return nil, err
	}
	defer func() {
		if f.parent != conn {
			_ = conn.Close()
		}
	}()
	cmd, err := f.launch(theirs)
	_ = theirs.Close()
	if err != nil {
		return nil, err
	}
	q.Depends = f.depends
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	defer func() {
		if err != nil {
			_ = cmd.Process.Kill()
			<-ended
			_ = os.Remove(filepath.Join(f.dir, socketName))
		}
	}()
	a, err := newClientConn(conn).ask(ctx, q)
	if err != nil {
		return nil, err
	}
	if _, err = conn.Write([]byte{commit}); err != nil {
		return nil, err
	}
	f.starts++
	if f.depends {
		f.parent = conn
	}
	return a.absent(), nil
}

// launch starts the process in a session of its own, with its log in the state directory.
func (f *Fabric) launch(parent *os.File) (*exec.Cmd, error) {
	dir, err := filepath.Abs(f.dir)
	if err != nil {
		return nil, err
	}
	out, err := os.OpenFile(filepath.Join(dir, logName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(f.program.Path())
	cmd.Args = append(append([]string{ProcessName}, f.args...), f.testbed, dir)
	cmd.Dir, cmd.Env = "/", childenv.Minimal()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{parent}
	if f.shared != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, f.shared)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the fabric process: %w", err)
	}
	return cmd, nil
}

// dial connects to the living process.
func (f *Fabric) dial(ctx context.Context) (net.Conn, error) {
	d, err := os.Open(f.dir)
	if err != nil {
		return nil, notRunning(err)
	}
	defer d.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", short(d))
	if err != nil {
		return nil, notRunning(fmt.Errorf("no fabric process answers: %w", err))
	}
	return conn, nil
}

// notRunning adds to an error, where it says that nothing listens, that there is no process.
func notRunning(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.ENOTDIR) {
		return fmt.Errorf("%w: its process is not running: `up` or `apply` makes it again (%w)", fabric.ErrNotRunning, err)
	}
	return err
}
