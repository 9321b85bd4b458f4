package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"testbed/emulator/internal/lazy"
	"testbed/emulator/internal/printable"
)

// progress shows a few lines that are rewritten on a terminal. Elsewhere it prints one line for each phase, with the
// time since the beginning, so that a log says what takes long.
type progress struct {
	mu     sync.Mutex
	out    io.Writer
	show   bool     // on a terminal
	phases bool     // elsewhere
	lines  int      // of the block that stands on the terminal
	head   []string // above every block
	last   time.Time

	began time.Time
	phase string // that was printed last
}

// quietFlag is that of the commands that show progress.
func quietFlag() cli.Flag {
	return &cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "show no progress on standard error"}
}

func newProgress(c *cli.Context, s *State) *progress {
	quiet := c.Bool("quiet")
	return &progress{out: s.exactErr(), show: s.Terminal && !quiet, phases: !s.Terminal && !quiet, began: time.Now()}
}

// at tells what goes on: a phase or, where ": 3/7" follows it, how far a phase has come, which is for terminals.
func (p *progress) at(text string) {
	p.set(text)
	p.mu.Lock()
	defer p.mu.Unlock()
	phase := text
	if at := count().FindStringIndex(text); at != nil {
		phase = text[:at[0]]
	}
	if !p.phases || phase == p.phase {
		return
	}
	p.phase = phase
	_, _ = fmt.Fprintf(p.out, "%6.1f s  %s\n", time.Since(p.began).Seconds(), printable.Line(phase))
}

// count is how far a phase has come.
var count = lazy.Regexp(`: \d+/\d+`)

// set shows a line in place of what was shown last.
func (p *progress) set(line string) { p.block([]string{strings.ReplaceAll(line, "\n", " ")}) }

// block shows lines in place of what was shown last. Each fits the terminal's width.
func (p *progress) block(lines []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.show {
		return
	}
	p.rewind()
	lines = slices.Concat(p.head, lines)
	width := terminalWidth()
	for i, line := range lines {
		lines[i] = fitting(printable.Line(line), width)
	}
	_, _ = fmt.Fprint(p.out, strings.Join(lines, "\n"))
	p.lines, p.last = len(lines), time.Now()
}

// fitting cuts a line that escaping has made longer than the terminal is wide.
func fitting(line string, width int) string {
	if letters := []rune(line); len(letters) > width {
		return string(letters[:width])
	}
	return line
}

// often is block for lines that change many times a second: it shows ten of them a second, and makes no others.
func (p *progress) often(lines func() []string) {
	p.mu.Lock()
	due := p.show && time.Since(p.last) > 100*time.Millisecond
	p.mu.Unlock()
	if due {
		p.block(lines())
	}
}

// bar shows how much of something is done.
func bar(what string, done, total int) string {
	const width = 30
	full := width * done / max(total, 1)
	return fmt.Sprintf("%s [%s%s] %d/%d", what, strings.Repeat("=", full), strings.Repeat(" ", width-full), done, total)
}

// clear removes what is shown, so that other output can follow.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.show {
		p.rewind()
		p.lines = 0
	}
}

// rewind puts the cursor where the block begins and erases what follows.
func (p *progress) rewind() {
	if p.lines > 1 {
		_, _ = fmt.Fprintf(p.out, "\x1b[%dA", p.lines-1)
	}
	_, _ = fmt.Fprint(p.out, "\r\x1b[J")
}

// terminalWidth is the width of the terminal on standard error, in characters; 80 where it has none.
func terminalWidth() int {
	width, _, err := term.GetSize(int(os.Stderr.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}
