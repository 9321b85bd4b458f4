package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/internal/statefile"
	"testbed/emulator/noderuntime"
)

// Server carries out operations on this machine's runtime. Its methods may be called at the same time.
type Server struct {
	made   noderuntime.Made
	dirs   []string
	starts starts
}

// NewServer serves a runtime. Directories and files of nodes are made below dirs, and nowhere else.
func NewServer(made noderuntime.Made, dirs ...string) *Server { return &Server{made: made, dirs: dirs} }

// Serve carries out the operation that comes over a stream. ctx ends it; the end of the stream ends what came over it,
// as a cancellation does.
func (server *Server) Serve(ctx context.Context, conn net.Conn) {
	s := newStream(conn, mostRequest)
	var q request
	if err := s.receive(&q); err != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	input, feed := io.Pipe()
	defer func() { _ = input.Close() }()
	signals, pieces := make(chan os.Signal, 16), make(chan []byte, 1)
	go func() {
		defer cancel()
		listen(s, pieces, signals, cancel)
	}()
	go func() {
		for piece := range pieces {
			_, _ = feed.Write(piece) // a command that has ended takes none
			_ = s.send(message{Took: true})
		}
		_ = feed.Close()
	}()
	o := operation{made: server.made, request: q, to: s, in: input, dirs: server.dirs, starts: &server.starts}
	if q.Connected.Signals {
		o.signals = signals
	}
	done, err := o.run(ctx)
	done.Failure = kinds.Of(err)
	_ = s.send(message{Outcome: &done})
}

// listen takes what the other side sends while the operation goes on, and never waits for the command.
func listen(s *stream, pieces chan<- []byte, signals chan<- os.Signal, cancel context.CancelFunc) {
	open := true
	defer func() {
		if open {
			close(pieces)
		}
	}()
	for {
		var m message
		if err := s.receive(&m); err != nil {
			return
		}
		switch {
		case m.Cancel:
			cancel()
		case m.EndOfIn && open:
			open = false
			close(pieces)
		case m.Signal > 0:
			select {
			case signals <- syscall.Signal(m.Signal):
			default: // the command takes none
			}
		case len(m.In) > 0 && open:
			select {
			case pieces <- m.In:
			default:
				return // the other side does not wait for its turn
			}
		}
	}
}

// operation is one that goes on.
type operation struct {
	made noderuntime.Made
	request
	to      *stream
	in      io.Reader
	signals chan os.Signal
	dirs    []string
	starts  *starts
}

// run carries an operation out.
func (o operation) run(ctx context.Context) (done outcome, err error) {
	switch o.Op {
	case opStart:
		done.Nodes, err = o.start(ctx)
	case opInspect:
		done.Conditions, err = o.made.Inspect(ctx, o.Nodes)
	case opFind:
		done.Nodes, err = o.made.Find(ctx, o.Testbed)
	case opExec:
		done.Code, err = o.exec(ctx)
	case opRemove:
		err = o.remove(ctx)
	case opStop:
		err = o.made.Stop(ctx, o.Nodes)
	case opLogs:
		err = o.logs(ctx)
	case opHosts:
		err = o.hosts(false)
	case opWatch:
		done.Text, err = o.watch(ctx)
	default:
		return o.tell(ctx)
	}
	return done, err
}

// tell carries out what not every runtime has.
func (o operation) tell(ctx context.Context) (done outcome, err error) {
	m := o.made
	switch {
	case o.Op == opSupported && m.Supported != nil:
		err = m.Supported(ctx)
	case o.Op == opIdentity && m.EngineID != nil:
		done.Text, err = m.EngineID(ctx)
	case o.Op == opForeign && m.Foreign != nil:
		done.Names, err = m.Foreign(ctx, o.Testbed, o.Nodes)
	case o.Op == opSeize && m.Seize != nil:
		err = errors.Join(o.starts.end(ctx, o.Testbed), m.Seize(ctx, o.Testbed), o.remove(ctx))
	case o.Op == opPrune && m.Prune != nil:
		done.Names, done.Left, err = m.Prune(ctx)
	default:
		return o.beside(ctx)
	}
	return done, err
}

// beside carries out what concerns programs beside nodes.
func (o operation) beside(ctx context.Context) (done outcome, err error) {
	companions, ok := o.made.Runtime.(noderuntime.Companions)
	if !ok {
		return done, fmt.Errorf("%q: %w: %w", o.Op, errUnknown, noderuntime.ErrNotSupported)
	}
	switch o.Op {
	case opStartCompanion:
		node, err := o.node()
		if err != nil {
			return done, err
		}
		done.Text, err = companions.StartCompanion(ctx, node, o.Companion)
		return done, err
	case opAwaitCompanion:
		done.Text, err = companions.AwaitCompanion(ctx, o.ID)
	case opStopCompanion:
		err = companions.StopCompanion(ctx, o.ID, o.Now)
	default:
		err = fmt.Errorf("%q: %w", o.Op, errUnknown)
	}
	return done, err
}

// node is the one node that the operation is about.
func (o operation) node() (noderuntime.Node, error) {
	if len(o.Nodes) != 1 {
		return noderuntime.Node{}, fmt.Errorf("%s is about one node, not %d", o.Op, len(o.Nodes))
	}
	return o.Nodes[0], nil
}

// start makes the nodes' directories and files, and starts them.
func (o operation) start(ctx context.Context) ([]noderuntime.Node, error) {
	ctx, over := o.starts.begin(ctx, o.Specs)
	defer over()
	for i, s := range o.Specs {
		if err := errors.Join(noderuntime.CheckNames(s.Testbed, s.Node), o.within(s.Dir)); err != nil {
			return nil, err
		}
		if i == 0 || s.Testbed != o.Specs[i-1].Testbed {
			if err := o.free(s); err != nil {
				return nil, err
			}
		}
		if _, err := os.Lstat(s.Dir); errors.Is(err, os.ErrNotExist) {
			if err := statefile.Dir(s.Dir); err != nil {
				return nil, err
			}
		}
		if s.Image != "" && o.made.BoundDir != nil {
			if err := o.made.BoundDir(ctx, s.Dir); err != nil {
				return nil, err
			}
		}
		if err := writeFiles(s); err != nil {
			return nil, err
		}
	}
	if err := o.hosts(true); err != nil {
		return nil, err
	}
	return o.made.Start(ctx, o.Specs, func(ready int) { _ = o.to.send(message{Progress: ready}) })
}

// hosts writes the files that become /etc/hosts, and makes those that are missing, or leaves them: no node has them.
func (o operation) hosts(missing bool) error {
	for path, content := range o.Hosts {
		if err := o.within(path); err != nil {
			return err
		}
		if _, err := os.Lstat(path); !missing && errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := writeHosts(path, content); err != nil {
			return err
		}
	}
	return nil
}

// within refuses what the agent does not share with its machine: a node there would not find it.
func (o operation) within(path string) error {
	clean := filepath.Clean(path)
	for _, dir := range o.dirs {
		if strings.HasPrefix(clean, filepath.Clean(dir)+"/") {
			return nil
		}
	}
	return fmt.Errorf("%w: %q is in no directory that the machine shares with its agent (%s)",
		noderuntime.ErrSpec, path, strings.Join(o.dirs, ", "))
}

// writeHosts writes a file that becomes /etc/hosts: in place where it is there, as nodes that run see the file and not
// its name.
func writeHosts(path string, content []byte) error {
	if there, err := readfile.All(path, mostHosts); err == nil && bytes.Equal(there, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), statefile.DirMode); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

func (o operation) exec(ctx context.Context) (int, error) {
	node, err := o.node()
	if err != nil {
		return -1, err
	}
	stdio := noderuntime.Stdio{Tools: o.Tools, Signals: o.signals}
	if o.Connected.In {
		stdio.In = o.in
	}
	if o.Connected.Out {
		stdio.Out = writer{o.to, outMessage}
	}
	if o.Connected.Err {
		stdio.Err = writer{o.to, errMessage}
	}
	return o.made.Exec(ctx, node, o.Args, stdio)
}

func (o operation) logs(ctx context.Context) error {
	logger, ok := o.made.Runtime.(noderuntime.Logger)
	if !ok {
		return fmt.Errorf("the runtime %s keeps no logs: %w", o.made.Name(), noderuntime.ErrNotSupported)
	}
	node, err := o.node()
	if err != nil {
		return err
	}
	return logger.Logs(ctx, node, o.Follow, writer{o.to, outMessage})
}
