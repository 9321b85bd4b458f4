package printable

import (
	"io"
	"sync"
	"unicode/utf8"
)

// Writer passes text on as Text makes it, whatever is written in one piece: a character may be cut between two
// writes. It may be used by several goroutines.
type Writer struct {
	mu   sync.Mutex
	to   io.Writer
	part []byte // of a character
}

// NewWriter writes to another writer.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := append(w.part, p...)
	whole := len(text) - unfinished(text)
	w.part = append([]byte(nil), text[whole:]...)
	if whole == 0 {
		return len(p), nil
	}
	if _, err := io.WriteString(w.to, Text(string(text[:whole]))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what is left of a character that was never finished.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	part := w.part
	w.part = nil
	if len(part) == 0 {
		return nil
	}
	_, err := io.WriteString(w.to, Text(string(part)))
	return err
}

// unfinished is how many bytes at a text's end begin a character that has more.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if b := text[len(text)-n]; utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRune(text[len(text)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}
