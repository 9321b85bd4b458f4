package docker

import (
	"bytes"
	"io"
	"strings"
)

// refused begins what the engine prints in place of a command that it could not start: it comes as the
// command's own output.
const refused = "OCI runtime exec failed"

// longestRefusal is how much of it is kept.
const longestRefusal = 2048

// refusal passes output on, but keeps the engine's own message to itself.
type refusal struct {
	out  io.Writer
	held []byte // the beginning, while it may be such a message
	past bool   // it is none
}

// Write passes p on once it is clear that it is the command's.
func (r *refusal) Write(p []byte) (int, error) {
	if r.past {
		return r.out.Write(p)
	}
	r.held = append(r.held, p...)
	if n := min(len(r.held), len(refused)); string(r.held[:n]) == refused[:n] && len(r.held) < longestRefusal {
		return len(p), nil
	}
	return len(p), r.flush()
}

// flush passes on what is held back.
func (r *refusal) flush() error {
	r.past = true
	held := r.held
	r.held = nil
	if len(held) == 0 {
		return nil
	}
	_, err := r.out.Write(held)
	return err
}

// reason is the engine's message; empty: there was none.
func (r *refusal) reason() string {
	if r.past || !bytes.HasPrefix(r.held, []byte(refused)) {
		return ""
	}
	return strings.TrimSpace(string(r.held))
}

// status tells a command that is not there from one that cannot be executed: engines differ in theirs.
func (r *refusal) status() int {
	for _, text := range []string{"executable file not found", "no such file or directory"} {
		if strings.Contains(r.reason(), text) {
			return statusNotFound
		}
	}
	return statusNotExecutable
}
