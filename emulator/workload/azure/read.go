package azure

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/workload/rows"
)

// RowFormat are the columns of a row: the application and its function, by hashes, when the invocation ended, in s
// since the trace's begin, and how long it took, in s.
const RowFormat = "app,func,end_timestamp,duration"

// columns is the number of a row's fields.
const columns = 4

// ErrFormat is wrapped by the error about a file of which no row is in the format.
var ErrFormat = errors.New("it is no trace of Azure Functions of 2021")

// Bounds of a trace, which may be anybody's.
const (
	maxName      = 255 // bytes of an application's name, and of a function's
	maxFunctions = 1 << 20
	latest       = 1e9 // s
)

// Trace is a sequence of invocations, each a job of one task.
type Trace struct {
	Name string
	rows.Left
	Rows     int
	Argument int64 // bytes that an invocation takes
	Result   int64 // bytes that it returns
	Apps     int   // applications
	// Functions are their functions, in the order in which they come first: APP-FUNC, each in as many of its first
	// characters as tell it from others, 8 at least.
	Functions []string

	blocks [][]invocation
	path   string // of the file
}

// invocation is one row.
type invocation struct {
	function int32
	line     int32         // in the file
	start    time.Duration // since the trace's begin; it is before that where the invocation was under way then
	duration float64       // s
}

// block is how many invocations are allocated at once.
const block = 4096

// Read reads a trace: rows of RowFormat, with or without a row that names the columns, in any order; a byte order mark
// and either line end do no harm. Rows that are not in the format are left out and listed. The error is that of
// reading r alone, or that there is more than is read; name is the file's, for messages.
func Read(r io.Reader, name string) (*Trace, error) {
	t := &reader{Trace: &Trace{Name: name}, functions: map[key]int32{}, apps: map[string]string{}}
	if err := rows.Scan(r, name, t.line); err != nil {
		return nil, err
	}
	t.name()
	return t.Trace, nil
}

// Load reads the file at a path, which is the trace's name. It fails, beside Read's errors, where the file cannot be
// opened or no row is in the format.
func Load(path string) (*Trace, error) {
	t, err := rows.Load(path, rows.MaxSize, Read)
	if err != nil {
		return nil, err
	}
	if t.Rows > 0 && t.Count() == t.Rows {
		return nil, fmt.Errorf("%s: %w: a row is %s, and this one is %s",
			t.Malformed[0].Error(), ErrFormat, RowFormat, rows.Quote(t.First))
	}
	t.path = path
	return t, nil
}

// key is a function's name as in the trace.
type key struct{ app, function string }

// reader is a trace being read.
type reader struct {
	*Trace
	functions map[key]int32
	keys      []key
	apps      map[string]string
}

func (t *reader) line(line int, text string) error {
	if line == 1 && text == RowFormat {
		return nil
	}
	t.Rows++
	var f [columns]string
	if n := rows.Split(text, f[:]); n != columns {
		t.Leave(t.Name, line, text, fmt.Errorf("it has %d field%s; a row is %s", n, rows.Plural(n), RowFormat))
		return nil
	}
	end, duration, err := times(f[:])
	for i, what := range []string{"app", "func"} {
		if name := f[i]; err == nil && (name == "" || len(name) > maxName) {
			err = fmt.Errorf("the %s %s is empty or longer than %d bytes", what, rows.Quote(name), maxName)
		}
	}
	if err != nil {
		t.Leave(t.Name, line, text, err)
		return nil
	}
	function := t.function(f[0], f[1])
	if function > maxFunctions {
		return fmt.Errorf("%s:%d: at most %d functions are read: %w", t.Name, line, maxFunctions, readfile.ErrLimit)
	}
	t.add(invocation{function, int32(line), time.Duration(math.Round((end - duration) * 1e9)), duration})
	return nil
}

// times reads the end of an invocation and its duration, in s.
func times(f []string) (end, duration float64, err error) {
	if end, err = rows.Quantity("end_timestamp", f[2]); err != nil {
		return 0, 0, err
	}
	if duration, err = rows.Quantity("duration", f[3]); err != nil {
		return 0, 0, err
	}
	if end > latest || duration > latest {
		return 0, 0, fmt.Errorf("end_timestamp %q or duration %q is above 1e9 s", f[2], f[3])
	}
	return end, duration, nil
}

// function is the number of a function.
func (t *reader) function(app, function string) int32 {
	n, known := t.functions[key{app, function}]
	if known {
		return n
	}
	own, known := t.apps[app]
	if !known {
		own = strings.Clone(app) // the row is not kept
		t.apps[own] = own
	}
	k := key{own, strings.Clone(function)}
	n = int32(len(t.keys))
	t.functions[k] = n
	t.keys = append(t.keys, k)
	return n
}

func (t *Trace) add(i invocation) {
	if last := len(t.blocks) - 1; last >= 0 && len(t.blocks[last]) < block {
		t.blocks[last] = append(t.blocks[last], i)
		return
	}
	t.blocks = append(t.blocks, append(make([]invocation, 0, block), i))
}
