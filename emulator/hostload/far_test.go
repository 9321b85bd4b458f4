package hostload

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"testbed/emulator/machines/control"
)

// served answers each stream by a function.
type served func(net.Conn)

func (s served) Open(string) (net.Conn, error) {
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		s(there)
	}()
	return here, nil
}

// TestAnotherMachines counters are read as this one's are.
func TestAnotherMachines(t *testing.T) {
	there := served(func(conn net.Conn) { Serve(context.Background(), conn) })
	var at [2]Snapshot
	for i := range at {
		texts, err := At(t.Context(), there)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(texts.Stat, "intr") {
			t.Error("more than processors are told of")
		}
		at[i] = texts.Snapshot(time.Now())
		time.Sleep(60 * time.Millisecond)
	}
	h := at[1].Since(at[0])
	if (h != nil) != (runtime.GOOS == "linux") {
		t.Fatalf("%+v", h)
	}
	if here := Read().Since(at[0]); h != nil && (here == nil || here.Processors != h.Processors || h.Idle > 1) {
		t.Errorf("%+v, and from here %+v", h, here)
	}
}

// TestAMachineThatDoesNotTell is one whose load is not known.
func TestAMachineThatDoesNotTell(t *testing.T) {
	for name, there := range map[string]served{
		"silent":   func(net.Conn) {},
		"nonsense": func(conn net.Conn) { _, _ = io.WriteString(conn, "cpu 1 2 3\n") },
	} {
		if _, err := At(t.Context(), there); !errors.Is(err, control.ErrLost) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := At(ctx, served(func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })); err == nil {
		t.Error("nobody waits, and it is told")
	}
	if (Texts{}).Snapshot(time.Now()).Since(Snapshot{}) != nil {
		t.Error("a load is made of nothing")
	}
}
