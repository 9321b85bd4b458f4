package userspace

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"sync"

	"testbed/emulator/fabric"
)

// Watch blocks until the fabric's process ends or a station whose namespace lives has lost its interface, which
// is an error, or ctx does, which is none.
func (f *Fabric) Watch(ctx context.Context) error {
	conn, err := f.call(ctx)
	if err == nil {
		defer conn.Close()
		var a reply
		if a, err = conn.ask(ctx, request{Op: opWatch}); a.Lost {
			err = fmt.Errorf("%w: %w", ErrLost, err)
		}
	}
	var refused *refusal
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.As(err, &refused):
		return f.wrap(err)
	}
	return f.wrap(fmt.Errorf("%w: %w (%w)", fabric.ErrNotRunning, ErrEnded, err))
}

// serveWatch answers when a station is lost, and ends with the connection.
func (s *server) serveWatch(conn net.Conn, to *gob.Encoder) error {
	gone := make(chan error, 1)
	go func() { // the client says nothing more: only its end ends the read
		_, err := conn.Read(make([]byte, 1))
		gone <- err
	}()
	for {
		rung := s.rung()
		if why := s.lost(); why != "" {
			return to.Encode(reply{Err: why, Lost: true})
		}
		select {
		case err := <-gone:
			return err
		case <-rung:
		}
	}
}

// rung is closed when the next station is lost.
func (s *server) rung() <-chan struct{} {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.engine == nil {
		return nil
	}
	return s.engine.bell.next()
}

// lost says which station has lost its interface though its namespace is there; empty: none.
func (s *server) lost() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.engine == nil {
		return ""
	}
	lost := map[*port]string{}
	s.engine.do(func() {
		for _, p := range s.table.ports {
			if p.lost != "" {
				lost[p] = p.lost
			}
		}
	})
	for i, p := range s.table.ports {
		if why := lost[p]; why != "" && namespaceExists(&s.table.network.Stations[i]) {
			return fmt.Sprintf("%s: %s; `apply` attaches it again", p.name, why)
		}
	}
	return ""
}

// namespaceExists says whether a station's namespace is.
func namespaceExists(st *fabric.Station) bool {
	file, err := st.NetNS.Open()
	if err != nil {
		return !isAbsent(err)
	}
	_ = file.Close()
	return true
}

// bell wakes all who wait for its next stroke.
type bell struct {
	mutex  sync.Mutex
	stroke chan struct{}
}

func (b *bell) next() <-chan struct{} {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.stroke == nil {
		b.stroke = make(chan struct{})
	}
	return b.stroke
}

func (b *bell) ring() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.stroke != nil {
		close(b.stroke)
		b.stroke = nil
	}
}
