package cli

import (
	"bytes"
	"testing"
)

func TestProgressRewritesItsBlock(t *testing.T) {
	var out bytes.Buffer
	p := &progress{out: &out, show: true}
	p.block([]string{"one", "two", "three"})
	out.Reset()
	p.set("four\nfive")
	if got, want := out.String(), "\x1b[2A\r\x1b[Jfour five"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	made := 0
	p.often(func() []string { made++; return nil }) // the last one has hardly been seen
	if made != 0 {
		t.Error("a line was replaced at once")
	}
	out.Reset()
	p.clear()
	if got, want := out.String(), "\r\x1b[J"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestProgressIsQuietInAPipe(t *testing.T) {
	var out bytes.Buffer
	p := &progress{out: &out}
	p.set("one")
	p.often(func() []string { return []string{"two"} })
	p.clear()
	if out.Len() != 0 {
		t.Errorf("it says %q", out.String())
	}
}
