package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// progress shows one line that is rewritten on a terminal, and nothing elsewhere.
type progress struct {
	mu    sync.Mutex
	out   io.Writer
	show  bool
	shown int
	last  time.Time
}

func newProgress(s *State) *progress { return &progress{out: s.Stderr, show: s.Terminal} }

// set shows a line in place of the last one.
func (p *progress) set(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.show {
		return
	}
	line = strings.ReplaceAll(line, "\n", " ")
	fmt.Fprintf(p.out, "\r%s%s", line, strings.Repeat(" ", max(0, p.shown-len(line))))
	p.shown, p.last = len(line), time.Now()
}

// often is set for lines that change many times a second: it shows ten of them a second.
func (p *progress) often(format string, args ...any) {
	p.mu.Lock()
	due := p.show && time.Since(p.last) > 100*time.Millisecond
	p.mu.Unlock()
	if due {
		p.set(fmt.Sprintf(format, args...))
	}
}

// clear removes the line, so that other output can follow.
func (p *progress) clear() {
	p.set("")
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.show {
		fmt.Fprint(p.out, "\r")
	}
}
