package noderuntime

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestReadyWithoutRuntimeDoesNothing(t *testing.T) {
	t.Setenv(ReadyEnv, "") // restores it afterwards
	os.Unsetenv(ReadyEnv)
	if err := Ready(); err != nil {
		t.Fatal(err)
	}
}

func TestReadyWritesAFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ready")
	t.Setenv(ReadyEnv, "file:"+path)
	if err := Ready(); err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	if got, err := os.ReadFile(path); err != nil || string(got) != host+"\n" {
		t.Fatalf("file holds %q, %v; want %q", got, err, host)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := Ready(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the second call wrote again")
	}
}

func TestReadyWritesAPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	// Ready closes the descriptor that it is given, so it gets one of its own.
	own, err := os.OpenFile(fmt.Sprintf("/dev/fd/%d", w.Fd()), os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/fd for writing:", err)
	}
	t.Setenv(ReadyEnv, fmt.Sprintf("fd:%d", own.Fd()))
	if err := Ready(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	host, _ := os.Hostname()
	if got, err := io.ReadAll(r); err != nil || string(got) != host+"\n" {
		t.Fatalf("read %q, %v; want %q", got, err, host)
	}
	_ = own // kept until here: its finalizer would close somebody else's descriptor
}

func TestReadyRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, where := range []string{"", "fd:", "fd:x", "fd:-1", "3", "pigeon:loft"} {
		t.Setenv(ReadyEnv, where)
		if err := Ready(); !errors.Is(err, ErrReadyEnv) {
			t.Errorf("%s=%q: got %v, want ErrReadyEnv", ReadyEnv, where, err)
		}
	}
}
