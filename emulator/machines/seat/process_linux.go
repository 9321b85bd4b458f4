package seat

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/childenv"
	"testbed/emulator/internal/localsocket"
	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/program"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/remote"
)

// parentFD is the process's end of the connection to the program that started it.
const parentFD = 3

// Main is the process: args are the testbed's name and the directory of its records. It is started by Start, which
// gives it its configuration; until Start has confirmed, it ends with that, and afterwards by SIGTERM. secrets are
// those of a store and a key that the configuration names. It returns an exit code: 0, or one of those above.
func Main(args []string, secrets func(store, key string) remote.Secrets) int {
	if len(args) != 2 {
		fmt.Fprintf(os.Stderr, "usage: %s TESTBED DIRECTORY (started by the testbed itself)\n", Command)
		return 2
	}
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	unix.Umask(0o077)
	childenv.NoCoreFiles() // it knows secrets
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM)
	defer stop()
	signal.Ignore(unix.SIGHUP, unix.SIGINT, unix.SIGPIPE)
	_ = proc.SetOOMScore(proc.OOMFabric) // without it all would be lost
	if err := run(ctx, args[0], args[1], secrets); err != nil {
		log.Printf("%s: %v", args[0], err)
		if errors.Is(err, carrier.ErrLeft) {
			return exitLeft
		}
		return exitFailed
	}
	return 0
}

// run is the process until it is asked to end.
func run(ctx context.Context, testbed, dir string, secrets func(store, key string) remote.Secrets) (err error) {
	file := os.NewFile(parentFD, "parent")
	parent, err := net.FileConn(file)
	if err != nil {
		return fmt.Errorf("connection to the parent: %w", err)
	}
	file.Close()
	defer parent.Close()
	from := bufio.NewReader(parent)
	var c Config
	if err := receive(from, &c); err != nil {
		return fmt.Errorf("the parent's configuration: %w", err)
	}
	if c.Testbed != testbed || c.Dir != dir {
		return fmt.Errorf("the parent's configuration is of testbed %q in %q", c.Testbed, c.Dir)
	}
	starting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	confirmed := make(chan struct{})
	go func() {
		if b, err := from.ReadByte(); err == nil && b == commit {
			close(confirmed)
			return
		}
		cancel(errors.New("ended with its parent, before that has confirmed"))
	}()
	k := &keeper{testbed: testbed, dir: dir, losing: make(chan struct{})}
	defer func() { err = errors.Join(err, k.leave()) }()
	if err := k.start(starting, c, secrets, parent); err != nil {
		_ = send(parent, told{Failed: kinds.Of(err)})
		return err
	}
	select {
	case <-confirmed:
	case <-starting.Done():
		return context.Cause(starting)
	}
	parent.Close()
	_ = os.Chdir("/")
	return k.serve(ctx)
}

// start brings the agents to their machines, and opens the socket.
func (k *keeper) start(
	ctx context.Context, c Config, secrets func(store, key string) remote.Secrets, parent net.Conn,
) (err error) {
	known := own(secrets(c.Store, c.Key), c.Testbed)
	if k.carrier, err = NewCarrier(c, program.At("/proc/self/exe"), known); err != nil {
		return err
	}
	_ = send(parent, told{Progress: fmt.Sprintf("starting agents on %s", printable.Count(len(c.Machines), "machine"))})
	begun := time.Now()
	launch := carrier.Launch{Testbed: c.Testbed, Secrets: known, Dirs: c.Dirs, Programs: c.Programs}
	if k.agents, err = k.carrier.Start(ctx, launch, c.Machines); err != nil {
		return err
	}
	k.begun = true
	log.Printf("%s: %s after %v", k.testbed, printable.Count(len(k.agents), "agent"),
		time.Since(begun).Round(time.Millisecond))
	k.watch()
	if k.listener, err = localsocket.Listen(k.dir, socketName); err != nil {
		return err
	}
	r := k.roll()
	return send(parent, told{Ready: &r})
}

// own are the secrets that a testbed's agents may ask for: those of other testbeds are none of their machines'
// business.
func own(all remote.Secrets, testbed string) remote.Secrets {
	return remote.Secrets{Key: all.Key, Of: func(of, run string) []noderuntime.Secret {
		if of != testbed || all.Of == nil {
			return nil
		}
		return all.Of(of, run)
	}}
}

// removing bounds how long the carrier may take to remove what it has for agents.
const removing = time.Minute

// leave ends the agents and removes what was started for them. Where something of that may be left the error wraps
// carrier.ErrLeft.
func (k *keeper) leave() error {
	var failed []error
	k.leaving.Store(true)
	if k.listener != nil {
		_ = k.listener.Close()
		if err := os.Remove(filepath.Join(k.dir, socketName)); err != nil && !os.IsNotExist(err) {
			failed = append(failed, err)
		}
	}
	if k.begun { // what a start that failed has made, it has removed; what else there is, is somebody else's
		ctx, cancel := context.WithTimeout(context.Background(), removing)
		defer cancel()
		undone := []error{carrier.CloseAll(k.agents)}
		left, err := k.carrier.Remove(ctx, k.testbed)
		undone = append(undone, err)
		for _, u := range left {
			undone = append(undone, errors.New(u.String()))
		}
		failed = append(failed, carrier.Left(nil, errors.Join(undone...)))
	}
	if k.carrier != nil {
		failed = append(failed, k.carrier.Close())
	}
	k.serving.Wait()
	return errors.Join(failed...)
}
