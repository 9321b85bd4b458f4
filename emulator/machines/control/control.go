// Package control is what a controller and an agent on another machine have of one another: over one authenticated
// connection, whoever brought it about, any number of streams, each of which asks the other side for a service by name.
package control

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

// ErrLost is wrapped by errors about a connection that ended, or whose other side does not answer any more.
var ErrLost = errors.New("the control connection was lost")

// ErrNoService is wrapped by errors about a service that the other side does not offer.
var ErrNoService = errors.New("no such service")

const (
	// alive is the time between questions whether the other side is there, and answer what it may take to answer, or
	// to take what it is sent: a machine that is only busy takes less.
	alive  = 5 * time.Second
	answer = 20 * time.Second
	// longestName is how many bytes a service's name may have.
	longestName = 64
	// opening bounds how long a stream may take to say what it wants.
	opening = 20 * time.Second
	// halfClosed is how long a stream lives on of which one side has said that it sends no more.
	halfClosed = 10 * time.Minute
	// backlog is how many streams may wait to be served, and mostServed how many a controller serves at a time: an agent
	// that is another's by now is not to fill the controller's memory, a window of 256 kB each.
	backlog    = 64
	mostServed = 64
)

// window bounds what is read of a stream that the other side should have closed, in bytes.
const window = 256 << 10

// Handler serves a stream, which is closed when it returns. Streams have a method CloseWrite; see Stream.
type Handler func(stream net.Conn)

// Session is one side of a control connection. Its methods may be called at the same time.
type Session struct {
	mux      *yamux.Session
	handlers map[string]Handler
	serving  sync.WaitGroup
	slots    chan struct{} // one for each stream that is served; nil: there is no bound
}

// Controller makes of a connection the side that called for it. handlers are what it offers to the other side.
func Controller(conn io.ReadWriteCloser, handlers map[string]Handler) (*Session, error) {
	return session(conn, handlers, true)
}

// Agent makes of a connection the side that was called.
func Agent(conn io.ReadWriteCloser, handlers map[string]Handler) (*Session, error) {
	return session(conn, handlers, false)
}

func session(conn io.ReadWriteCloser, handlers map[string]Handler, controller bool) (*Session, error) {
	config := yamux.DefaultConfig()
	config.KeepAliveInterval, config.ConnectionWriteTimeout = alive, answer
	config.LogOutput = io.Discard // what it has to say, errors say too
	config.StreamCloseTimeout, config.AcceptBacklog = halfClosed, backlog
	s := &Session{handlers: handlers}
	side := yamux.Server
	if controller {
		side, s.slots = yamux.Client, make(chan struct{}, mostServed)
	}
	var err error
	if s.mux, err = side(conn, config); err != nil {
		return nil, err
	}
	s.serving.Go(s.serve)
	return s, nil
}

// serve hands the other side's streams to their handlers until the connection ends.
func (s *Session) serve() {
	for {
		if s.slots != nil {
			select {
			case s.slots <- struct{}{}:
			case <-s.mux.CloseChan():
				return
			}
		}
		accepted, err := s.mux.AcceptStream()
		if err != nil {
			return
		}
		stream := &Stream{accepted}
		s.serving.Go(func() {
			s.handle(stream)
			_ = stream.Close()
			if s.slots != nil {
				s.over(stream)
				<-s.slots
			}
		})
	}
}

// over waits until the other side has closed a stream, too. A side that does not is not to be talked to: what it sent
// would be kept.
func (s *Session) over(stream net.Conn) {
	_ = stream.SetReadDeadline(time.Now().Add(answer))
	if n, err := io.CopyN(io.Discard, stream, window); n == window || errors.Is(err, yamux.ErrTimeout) {
		_ = s.mux.Close()
	}
}

// handle reads what a stream wants and answers whether it is to be had: an empty line, or why not.
func (s *Session) handle(stream net.Conn) {
	_ = stream.SetReadDeadline(time.Now().Add(opening))
	name, err := ReadLine(stream, 2*longestName)
	if err != nil {
		return
	}
	_ = stream.SetReadDeadline(time.Time{})
	handler, ok := s.handlers[name]
	if !ok {
		_, _ = fmt.Fprintf(stream, "%.*q is not offered\n", longestName, name)
		return
	}
	if _, err := io.WriteString(stream, "\n"); err == nil {
		handler(stream)
	}
}

// Open opens a stream to a service of the other side. Errors wrap ErrLost or ErrNoService.
func (s *Session) Open(service string) (net.Conn, error) {
	if strings.ContainsRune(service, '\n') || len(service) > longestName {
		return nil, fmt.Errorf("%q: %w", service, ErrNoService)
	}
	opened, err := s.mux.OpenStream()
	if err != nil {
		return nil, s.lost(err)
	}
	stream := &Stream{opened}
	refused := ""
	_ = stream.SetDeadline(time.Now().Add(opening))
	if _, err = io.WriteString(stream, service+"\n"); err == nil {
		refused, err = ReadLine(stream, 2*longestName)
	}
	_ = stream.SetDeadline(time.Time{})
	switch {
	case err != nil:
		err = s.lost(err)
	case refused != "":
		err = fmt.Errorf("%w: %s", ErrNoService, refused)
	default:
		return stream, nil
	}
	_ = stream.Close()
	return nil, err
}

// ReadLine reads a line of at most so many bytes, without its end, byte by byte: what follows it is somebody else's.
func ReadLine(from io.Reader, most int) (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) <= most; {
		if _, err := io.ReadFull(from, one); err != nil {
			return "", err
		}
		if one[0] == '\n' {
			return string(line), nil
		}
		line = append(line, one[0])
	}
	return "", errors.New("a line that does not end")
}

// ErrTooLong is wrapped by errors about a message that is longer than its reader takes.
var ErrTooLong = errors.New("a message that is too long")

// ReadMessage reads a line of at most so many bytes, without its end, of somebody who has nothing else to say on the
// connection. It is good until the next one is read.
func ReadMessage(from *bufio.Reader, most int) ([]byte, error) {
	var line []byte
	for {
		part, err := from.ReadSlice('\n')
		if len(line)+len(part) > most+1 {
			return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLong, most)
		}
		if err == nil && line == nil {
			return part[:len(part)-1], nil
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, io.EOF) && len(line) > 0:
			return nil, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// Lost is closed when the connection has ended, or its other side has not answered for half a minute.
func (s *Session) Lost() <-chan struct{} { return s.mux.CloseChan() }

// lost is the error of something that the connection was needed for.
func (s *Session) lost(err error) error {
	if s.mux.IsClosed() {
		return s.Cause()
	}
	return fmt.Errorf("%w: %w", ErrLost, err)
}

// Cause is why the connection was lost, as far as this side knows: an error that wraps ErrLost; nil while it is there.
func (s *Session) Cause() error {
	if !s.mux.IsClosed() {
		return nil
	}
	var err error
	for range backlog + 1 { // streams that nobody will serve any more come first
		if _, err = s.mux.AcceptStream(); err != nil && !errors.Is(err, yamux.ErrSessionShutdown) {
			break
		}
	}
	switch {
	case errors.Is(err, yamux.ErrSessionShutdown):
		return fmt.Errorf("%w: this side ended it", ErrLost)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: the other side ended it", ErrLost)
	case errors.Is(err, yamux.ErrKeepAliveTimeout):
		return fmt.Errorf("%w: the other side has not answered for %v", ErrLost, answer)
	}
	return fmt.Errorf("%w: %w", ErrLost, err)
}

// Close ends the connection with all its streams, and returns when no handler runs any more.
func (s *Session) Close() error {
	err := s.mux.Close()
	s.serving.Wait()
	return err
}
