package seat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/control"
)

// TestWhatIsWantedArrives: any byte may be in a machine's ID, and nothing of it is taken for something else.
func TestWhatIsWantedArrives(t *testing.T) {
	for _, w := range []want{
		{"", watchService}, {"ssh://root@a:22", "runtime"}, {"a b\nc d\n", "x"}, {"\x00\xff%20+", "fabric"},
		{strings.Repeat("\xff", 16384), "hello"},
	} {
		line, err := w.line()
		if err != nil {
			t.Errorf("%.40q: %v", w, err)
			continue
		}
		from := strings.NewReader(line + "what follows")
		got, err := readWant(from)
		if rest, _ := io.ReadAll(from); got != w || err != nil || string(rest) != "what follows" {
			t.Errorf("%.40q arrives as %.40q, %v, before %q", w, got, err, rest)
		}
	}
	for _, w := range []want{{"a", "b c"}, {"a", "b\n"}, {strings.Repeat("\xff", longestLine), "x"}} {
		if _, err := w.line(); !errors.Is(err, control.ErrNoService) {
			t.Errorf("%.40q: %v", w, err)
		}
	}
	for _, line := range []string{"", "a", "a\n", "%zz b\n", strings.Repeat("a", longestLine+10) + " b\n"} {
		if got, err := readWant(strings.NewReader(line)); err == nil {
			t.Errorf("%.40q asks for %.40q", line, got)
		}
	}
}

// TestAnswersKeepTheirKind, and what follows is not touched.
func TestAnswersKeepTheirKind(t *testing.T) {
	for _, kind := range []error{control.ErrLost, control.ErrNoService, carrier.ErrUnreachable} {
		var wire bytes.Buffer
		if err := sendAnswer(&wire, fmt.Errorf("two\nlines: %w", kind)); err != nil {
			t.Fatal(err)
		}
		err := readAnswer(&wire)
		if !errors.Is(err, kind) || !strings.HasPrefix(err.Error(), "two\nlines: ") || wire.Len() > 0 {
			t.Errorf("%v arrives as %v", kind, err)
		}
	}
	var wire bytes.Buffer
	_ = sendAnswer(&wire, nil)
	wire.WriteString("rest")
	if err := readAnswer(&wire); err != nil || wire.String() != "rest" {
		t.Errorf("%v, before %q", err, wire.String())
	}
}

// FuzzWant: whatever a client sends is a want that is sent the same, or an error.
func FuzzWant(f *testing.F) {
	f.Add([]byte("ssh%3A%2F%2Fa runtime\n"))
	f.Add([]byte(" watch\n"))
	f.Add([]byte("%0a%zz x\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		w, err := readWant(bytes.NewReader(sent))
		if err != nil {
			return
		}
		line, err := w.line()
		if err != nil {
			return // a service that no client asks for
		}
		if again, err := readWant(strings.NewReader(line)); err != nil || again != w {
			t.Errorf("%q arrives as %q, %v", w, again, err)
		}
	})
}
