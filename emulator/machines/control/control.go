// Package control is what a controller and an agent on another machine have of one another: over one authenticated
// connection, whoever brought it about, any number of streams, each of which asks the other side for a service by name.
package control

import (
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
)

// Opener opens a stream to a service of the other side.
type Opener interface {
	Open(service string) (net.Conn, error)
}

// Handler serves a stream, which is closed when it returns.
type Handler func(stream net.Conn)

// Session is one side of a control connection. Its methods may be called at the same time.
type Session struct {
	mux      *yamux.Session
	handlers map[string]Handler
	serving  sync.WaitGroup
}

// Controller makes of a connection the side that called for it. handlers are what it offers to the other side.
func Controller(conn io.ReadWriteCloser, handlers map[string]Handler) (*Session, error) {
	return session(conn, handlers, yamux.Client)
}

// Agent makes of a connection the side that was called.
func Agent(conn io.ReadWriteCloser, handlers map[string]Handler) (*Session, error) {
	return session(conn, handlers, yamux.Server)
}

func session(conn io.ReadWriteCloser, handlers map[string]Handler,
	side func(io.ReadWriteCloser, *yamux.Config) (*yamux.Session, error),
) (*Session, error) {
	config := yamux.DefaultConfig()
	config.KeepAliveInterval, config.ConnectionWriteTimeout = alive, answer
	config.LogOutput = io.Discard // what it has to say, errors say too
	mux, err := side(conn, config)
	if err != nil {
		return nil, err
	}
	s := &Session{mux: mux, handlers: handlers}
	s.serving.Go(s.serve)
	return s, nil
}

// serve hands the other side's streams to their handlers until the connection ends.
func (s *Session) serve() {
	for {
		accepted, err := s.mux.Accept()
		if err != nil {
			return
		}
		s.serving.Go(func() {
			defer accepted.Close()
			s.handle(stream{accepted})
		})
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
	opened, err := s.mux.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLost, err)
	}
	refused := ""
	_ = opened.SetDeadline(time.Now().Add(opening))
	if _, err = io.WriteString(opened, service+"\n"); err == nil {
		refused, err = ReadLine(opened, 2*longestName)
	}
	_ = opened.SetDeadline(time.Time{})
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", ErrLost, err)
	case refused != "":
		err = fmt.Errorf("%w: %s", ErrNoService, refused)
	default:
		return stream{opened}, nil
	}
	opened.Close()
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

// Lost is closed when the connection has ended, or its other side has not answered for half a minute.
func (s *Session) Lost() <-chan struct{} { return s.mux.CloseChan() }

// Close ends the connection with all its streams, and returns when no handler runs any more.
func (s *Session) Close() error {
	err := s.mux.Close()
	s.serving.Wait()
	return err
}
