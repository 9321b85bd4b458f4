package function

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"testbed/emulator/internal/printable"
)

// What is kept of what an instance prints.
const (
	perSecond = 64 << 10 // bytes that go to the node's log; what is more is left out
	lineBytes = 1000     // of a line
	lastLines = 5        // that errors repeat
	readOnce  = 32 << 10
)

// output copies what an instance prints to the node's log, line by line and behind the function's name. What floods is
// left out, and read slowly, so that its sender has to wait.
type output struct {
	to     io.Writer
	prefix string
	pause  func(time.Duration)
	now    func() time.Time

	begun time.Time // of the second at present
	spent int       // bytes of it
	lost  int       // lines that were left out since the last one that was not

	mu   sync.Mutex
	tail []string
}

func newOutput(to io.Writer, function string) *output {
	return &output{to: to, prefix: "function " + function + ": ", pause: time.Sleep, now: time.Now}
}

// copy reads until the end.
func (o *output) copy(from io.Reader) {
	buffer := make([]byte, readOnce)
	var rest []byte
	for {
		n, err := from.Read(buffer)
		rest = append(rest, buffer[:n]...)
		for {
			line, after, whole := bytes.Cut(rest, []byte("\n"))
			if !whole && len(rest) < lineBytes {
				break
			}
			if !whole {
				line, after = rest[:lineBytes], rest[lineBytes:]
			}
			o.line(string(line[:min(len(line), lineBytes)]))
			rest = after
		}
		if err != nil {
			if len(rest) > 0 {
				o.line(string(rest))
			}
			o.missed()
			return
		}
		if o.spent > perSecond {
			o.pause(time.Second / 20)
		}
	}
}

func (o *output) line(text string) {
	text = printable.Line(strings.TrimRight(text, "\r"))
	o.mu.Lock()
	o.tail = append(o.tail, text)
	o.tail = o.tail[max(0, len(o.tail)-lastLines):]
	o.mu.Unlock()
	if now := o.now(); now.Sub(o.begun) >= time.Second {
		o.missed()
		o.begun, o.spent = now, 0
	}
	if o.spent += len(o.prefix) + len(text) + 1; o.spent > perSecond {
		o.lost++
		return
	}
	_, _ = io.WriteString(o.to, o.prefix+text+"\n") // a full disk loses output, and nothing else
}

// missed says how much was left out.
func (o *output) missed() {
	if o.lost > 0 {
		_, _ = fmt.Fprintf(o.to, "%s(%d lines more were left out: it prints more than %d bytes a second)\n",
			o.prefix, o.lost, perSecond)
		o.lost = 0
	}
}

// last are the last lines, for an error.
func (o *output) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.tail, " | ")
}
