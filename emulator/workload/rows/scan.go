package rows

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/readfile"
)

// Bounds of a trace.
const (
	MaxRow  = 1 << 20 // the longest row, in bytes
	MaxRows = 20_000_000
	Many    = 100_000 // a trace of as many jobs is a large one
)

// Scan calls a function for each line that is not empty, without its end, with its number from 1; a byte order mark
// and either line end do no harm. It ends with the function's error, where there is more than is read, and with that
// of reading r; name is what errors call it.
func Scan(r io.Reader, name string, row func(line int, text string) error) error {
	defer Sparing()()
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 64<<10), MaxRow)
	line, rows := 0, 0
	for scanner.Scan() {
		line++
		text := Clean(scanner.Text(), line)
		if text == "" {
			continue
		}
		if rows++; rows > MaxRows {
			return fmt.Errorf("%s:%d: at most %d rows are read: %w", name, line, MaxRows, readfile.ErrLimit)
		}
		if err := row(line, text); err != nil {
			return err
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("trace %s: after %s: %w", name, printable.Count(rows, "row"), err)
	}
	return nil
}

// Clean is a line without its end and, for the first, without a byte order mark.
func Clean(text string, line int) string {
	if line == 1 {
		text = strings.TrimPrefix(text, "\ufeff")
	}
	return strings.TrimSuffix(text, "\r")
}

// First is the first row of a file that begins with head.
func First(head []byte) string {
	row, _, _ := strings.Cut(strings.TrimLeft(string(head), "\ufeff\r\n"), "\n")
	return strings.TrimSuffix(row, "\r")
}

// Split takes a row apart at its commas into the fields that there is room for, and counts all that it has.
func Split(row string, fields []string) (n int) {
	begin := 0
	for i := range len(row) + 1 {
		if i < len(row) && row[i] != ',' {
			continue
		}
		if n < len(fields) {
			fields[n] = row[begin:i]
		}
		n++
		begin = i + 1
	}
	return n
}
