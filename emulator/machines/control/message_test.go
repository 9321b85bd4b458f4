package control

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// A message has one line, and a bound; what follows it is not touched.
func TestMessages(t *testing.T) {
	var text bytes.Buffer
	if err := errors.Join(Send(&text, map[string]int{"a": 1}), Send(&text, "b\nc")); err != nil {
		t.Fatal(err)
	}
	text.WriteString("rest")
	var first map[string]int
	var second string
	if err := errors.Join(Receive(&text, &first), Receive(&text, &second)); err != nil {
		t.Fatal(err)
	}
	if first["a"] != 1 || second != "b\nc" || text.String() != "rest" {
		t.Errorf("%v, %q, and %q is left", first, second, text.String())
	}
	for _, bad := range []string{`{"a": `, "{}", `"` + strings.Repeat("x", MostSaid) + "\"\n", "{]\n"} {
		if err := Receive(strings.NewReader(bad), &first); err == nil {
			t.Errorf("%.20q is taken", bad)
		}
	}
}
