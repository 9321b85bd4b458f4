package container

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// Conn is the connection to an agent: its standard input and output.
type Conn struct {
	api      *client.Client
	id       string
	attached types.HijackedResponse
	out      *io.PipeReader
	said     tail
	close    sync.Once
	closed   error
}

// newConn takes the agent's output apart: standard output is the connection, the end of standard error is kept.
func newConn(api *client.Client, id string, attached types.HijackedResponse) *Conn {
	out, in := io.Pipe()
	c := &Conn{api: api, id: id, attached: attached, out: out}
	go func() {
		err := part(attached.Reader, in, &c.said)
		if text := c.said.String(); text != "" {
			err = errors.Join(fmt.Errorf("the agent ended: %s", text), err)
		}
		if err == nil {
			err = io.EOF
		}
		in.CloseWithError(err)
	}()
	return c
}

// part takes an engine's stream of standard output and error apart: frames of a header of 8 bytes, of which the first
// says which it is and the last four how long. Unlike stdcopy it has no buffer of the length that an engine claims.
func part(from io.Reader, out, said io.Writer) error {
	var header [stdcopyHeader]byte
	for {
		if _, err := io.ReadFull(from, header[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		to := out
		switch stdcopy.StdType(header[0]) {
		case stdcopy.Stdout:
		case stdcopy.Stderr:
			to = said
		default:
			return fmt.Errorf("the engine sends something else than output (%d)", header[0])
		}
		if _, err := io.CopyN(to, from, int64(binary.BigEndian.Uint32(header[4:]))); err != nil {
			return err
		}
	}
}

// stdcopyHeader is how many bytes a frame's header has.
const stdcopyHeader = 8

// Read reads what the agent sends. Where the agent has ended the error says what it had to say.
func (c *Conn) Read(p []byte) (int, error) { return c.out.Read(p) }

// Write sends to the agent.
func (c *Conn) Write(p []byte) (int, error) { return c.attached.Conn.Write(p) }

// Close ends the agent and returns when the engine has removed its container, or cannot be asked.
func (c *Conn) Close() error {
	c.close.Do(func() {
		c.attached.Close()
		_ = c.out.Close()
		err := remove(context.Background(), c.api, c.id, stopping)
		if !client.IsErrConnectionFailed(err) { // the engine removes it when it is back: see HostConfig.AutoRemove
			c.closed = err
		}
	})
	return c.closed
}

// mostSaid is how much of an agent's last words is kept, in bytes.
const mostSaid = 2000

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if more := len(t.text) - mostSaid; more > 0 {
		t.text = append([]byte(nil), t.text[more:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
