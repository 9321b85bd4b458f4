package remote

import (
	"bufio"
	"encoding/json"
	"errors"
	"net"
	"sync"

	"testbed/emulator/internal/exchange"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
)

// request begins a stream: one operation of a runtime, and what it is about.
type request struct {
	Op        string
	Testbed   string                `json:",omitempty"`
	Specs     []noderuntime.Spec    `json:",omitempty"`
	Hosts     map[string][]byte     `json:",omitempty"` // content of each Spec.HostsAt
	Nodes     []noderuntime.Node    `json:",omitempty"`
	Args      []string              `json:",omitempty"`
	Connected connected             `json:"connected"`
	Tools     noderuntime.Tools     `json:",omitempty"`
	Follow    bool                  `json:",omitempty"`
	ID        string                `json:",omitempty"` // of a companion
	Companion noderuntime.Companion `json:"companion"`
	Now       bool                  `json:",omitempty"`
}

// connected says what a command is connected to.
type connected struct{ In, Out, Err, Signals bool }

// The operations.
const (
	opStart          = "start"
	opHosts          = "hosts"
	opInspect        = "inspect"
	opFind           = "find"
	opExec           = "exec"
	opRemove         = "remove"
	opStop           = "stop"
	opLogs           = "logs"
	opSupported      = "supported"
	opIdentity       = "identity"
	opForeign        = "foreign"
	opPrune          = "prune"
	opStartCompanion = "start-companion"
	opAwaitCompanion = "await-companion"
	opStopCompanion  = "stop-companion"
	opSeize          = "seize"
	opWatch          = "watch"
)

// message is one thing that happens while an operation goes on, in either direction: exactly one member is set.
type message struct {
	Progress int      `json:",omitempty"` // nodes that are ready
	In       []byte   `json:",omitempty"` // for the command
	EndOfIn  bool     `json:",omitempty"`
	Took     bool     `json:",omitempty"` // the command has taken what In held: the next may come
	Signal   int      `json:",omitempty"` // for the command
	Out      []byte   `json:",omitempty"`
	Err      []byte   `json:",omitempty"`
	Cancel   bool     `json:",omitempty"` // the operation is called off; its outcome still comes
	Outcome  *outcome `json:",omitempty"` // the last message
}

// outcome is how an operation ended.
type outcome struct {
	Nodes      []noderuntime.Node      `json:",omitempty"`
	Conditions []noderuntime.Condition `json:",omitempty"`
	Code       int                     `json:",omitempty"`
	Text       string                  `json:",omitempty"`
	Names      []string                `json:",omitempty"`
	Left       []string                `json:",omitempty"`
	Failure    *exchange.Failure       `json:",omitempty"`
}

// mostPiece is how many bytes of a command's output or input one message has.
const mostPiece = 32 << 10

// What a message may have at most, in bytes: a request of the controller's, which holds what nodes are to be, and their
// names; anything of an agent's, whose machine may be another's by now; a question for secrets, and its answer.
const (
	mostRequest  = 64 << 20
	mostOutcome  = 16 << 20
	mostQuestion = 16 << 10
)

// stream is a stream of JSON values, a line each, which several may write to and one reads.
type stream struct {
	conn net.Conn
	in   *bufio.Reader
	most int // bytes of a line that is read
	mu   sync.Mutex
	out  *json.Encoder
}

func newStream(conn net.Conn, most int) *stream {
	return &stream{conn: conn, in: bufio.NewReaderSize(conn, min(most, 2*mostPiece)), most: most,
		out: json.NewEncoder(conn)}
}

// receive reads the next value. Its error wraps control.ErrTooLong where that is longer than the other side may say.
func (s *stream) receive(value any) error {
	line, err := control.ReadMessage(s.in, s.most)
	if err != nil {
		return err
	}
	return json.Unmarshal(line, value)
}

func (s *stream) send(value any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Encode(value)
}

// writer sends what is written to it as messages.
type writer struct {
	to   *stream
	wrap func([]byte) message
}

func (w writer) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), mostPiece)]
		if err := w.to.send(w.wrap(part)); err != nil {
			return n, err
		}
		n, p = n+len(part), p[len(part):]
	}
	return n, nil
}

func outMessage(p []byte) message { return message{Out: p} }
func errMessage(p []byte) message { return message{Err: p} }

var errUnknown = errors.New("the operation is not known")
