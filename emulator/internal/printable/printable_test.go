package printable

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscapes(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"plain, Spår ± 1\u202fms €": "plain, Spår ± 1\u202fms €",
		"a\nb\tc":                   "a\nb\tc",
		"\x1b]0;owned\a":            `\u001b]0;owned\u0007`,
		"\x1b[2J\r":                 `\u001b[2J\r`,
		"\u009b31m":                 `\u009b31m`,
		"\x9b31m":                   `\x9b31m`,
		"safe\u202eexe":             `safe\u202eexe`,
		"\u2066\u200f\u061c\ufeff":  `\u2066\u200f\u061c\ufeff`,
		"\u2028\u2029\x7f\x00":      `\u2028\u2029\u007f\u0000`,
		"\U000e0041":                `\U000e0041`,
		"\xff\xc3":                  `\xff\xc3`,
		"👩\u200d🔧":                  "👩\u200d🔧",
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) is %q, want %q", text, got, want)
		}
	}
	if got := Line("a\nb\tc\r"); got != `a\nb\tc\r` {
		t.Errorf("Line: %q", got)
	}
}

// What is written in pieces comes out as if it were in one.
func TestWriterInPieces(t *testing.T) {
	text := "é\x1b[31m€\xff👩\u202e\u009b\xe2\x82"
	for size := 1; size <= len(text); size++ {
		var out bytes.Buffer
		w := NewWriter(&out)
		for rest := []byte(text); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if n, err := w.Write(rest[:min(size, len(rest))]); err != nil || n != min(size, len(rest)) {
				t.Fatal(n, err)
			}
		}
		if err := w.Flush(); err != nil || out.String() != Text(text) {
			t.Errorf("pieces of %d: %q, want %q", size, out.String(), Text(text))
		}
	}
	if _, err := NewWriter(broken{}).Write([]byte("x")); err == nil {
		t.Error("a failure to write is lost")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

func FuzzText(f *testing.F) {
	f.Add("\x1b]0;x\a\u009b\u202e\xff\n", 2)
	f.Fuzz(func(t *testing.T, text string, at int) {
		got := Text(text)
		if !utf8.ValidString(got) || strings.ContainsFunc(strings.NewReplacer("\n", "", "\t", "").Replace(got), Unsafe) ||
			strings.ContainsAny(Line(text), "\n\t") {
			t.Fatalf("%q of %q", got, text)
		}
		var out bytes.Buffer
		w := NewWriter(&out)
		at = min(max(0, at), len(text))
		_, _ = w.Write([]byte(text[:at]))
		_, _ = w.Write([]byte(text[at:]))
		if _ = w.Flush(); out.String() != got {
			t.Fatalf("%q in two pieces is %q", text, out.String())
		}
	})
}
