package seat

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"testbed/emulator/internal/exchange"
	"testbed/emulator/machines/control"
)

// The process's own services, of the machine without a name.
const (
	agentsService = "agents" // answers with a roll
	watchService  = "watch"  // answers, once an agent is lost, with a Failure
)

const (
	// longestLine bounds the line by which a client says what it wants: an ID of --machines in it, each byte as three.
	longestLine = 64 << 10
	// longestAnswer bounds a line of the process's.
	longestAnswer = 8 << 20
)

// want is what a client asks for: a service of a machine's agent, or of the process where the machine is empty.
type want struct{ machine, service string }

// line is the want as it is sent: MACHINE SERVICE, and the end of the line. Any byte may be in the machine's ID.
func (w want) line() (string, error) {
	line := url.QueryEscape(w.machine) + " " + w.service + "\n"
	if len(line) > longestLine || strings.ContainsAny(w.service, " \n") {
		return "", fmt.Errorf("%.80q: %w", w.service, control.ErrNoService)
	}
	return line, nil
}

// readWant reads a line.
func readWant(from io.Reader) (w want, err error) {
	line, err := control.ReadLine(from, longestLine)
	if err != nil {
		return w, err
	}
	id, service, ok := strings.Cut(line, " ")
	if !ok {
		return w, errors.New("a line that asks for nothing")
	}
	w.service = service
	w.machine, err = url.QueryUnescape(id)
	return w, err
}

// sendAnswer says whether what was asked for is to be had: an empty line, or why not.
func sendAnswer(to io.Writer, err error) error {
	if err == nil {
		_, err = io.WriteString(to, "\n")
		return err
	}
	return send(to, kinds.Of(err))
}

// readAnswer returns the error that was answered.
func readAnswer(from io.Reader) error {
	line, err := control.ReadLine(from, longestAnswer)
	if err != nil || line == "" {
		return err
	}
	var f exchange.Failure
	if err := json.Unmarshal([]byte(line), &f); err != nil {
		return err
	}
	return &answered{kinds.Error(&f)}
}

// answered is an error that the process answered with, not one of talking to it.
type answered struct{ error }

func (a *answered) Unwrap() error { return a.error }

// send sends a value as a line of JSON.
func send(to io.Writer, value any) error {
	line, err := json.Marshal(value)
	if err == nil {
		_, err = to.Write(append(line, '\n'))
	}
	return err
}

// receive reads a line of JSON of at most longestAnswer bytes.
func receive(from *bufio.Reader, into any) error {
	line, err := control.ReadMessage(from, longestAnswer)
	if err != nil {
		return err
	}
	return json.Unmarshal(line, into)
}

// version is that of what crosses the socket. The process goes on while the program on the disk may be replaced.
const version = 1

// roll is the answer of agentsService.
type roll struct {
	Version int     `json:"version"`
	Testbed string  `json:"testbed"`
	Agents  []Agent `json:"agents"`
}

// check makes sure that it is a testbed's.
func (r *roll) check(testbed string) error {
	switch {
	case r.Version != version:
		return fmt.Errorf("the process that keeps the agents speaks version %d of its protocol, and this program "+
			"version %d: use the testbed that brought this one up, or take it down and bring it up again", r.Version, version)
	case r.Testbed != testbed:
		return fmt.Errorf("the agents that are kept there are of testbed %q", r.Testbed)
	}
	return nil
}
