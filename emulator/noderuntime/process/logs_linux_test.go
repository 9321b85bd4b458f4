package process

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestLogsThatArePutAway reads a log as its node puts it away, before and while it is read.
func TestLogsThatArePutAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.log")
	write := func(text string) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, logMode)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	putAway := func() {
		t.Helper()
		if err := os.Rename(path, olderLog(path)); err != nil {
			t.Fatal(err)
		}
	}
	write("a")
	putAway()
	write("b")
	l, err := openLogs(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	var out bytes.Buffer
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, "ab"},
		{func() { write("c") }, "abc"},
		{func() { write("d"); putAway(); write("e") }, "abcde"},
		{putAway, "abcde"}, // and no new one yet
		{func() { write("f") }, "abcdef"},
	} {
		step.do()
		if err := l.copy(&out); err != nil {
			t.Fatal(err)
		}
		if out.String() != step.want {
			t.Fatalf("read %q, want %q", out.String(), step.want)
		}
	}
}
