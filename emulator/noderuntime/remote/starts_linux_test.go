package remote

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/noderuntime"
)

// slow is a runtime whose engine still makes the node that it was asked for when a start is called off.
type slow struct {
	scripted
	began, called, finish, removed chan struct{}
	made                           bool
}

func (s *slow) Start(ctx context.Context, _ []noderuntime.Spec, _ func(int)) ([]noderuntime.Node, error) {
	close(s.began)
	<-ctx.Done()
	close(s.called)
	<-s.finish
	s.made = true
	return nil, context.Cause(ctx)
}

func (s *slow) Remove(context.Context, string, []noderuntime.Node) error {
	close(s.removed)
	if !s.made {
		return errors.New("the start goes on")
	}
	return nil
}

// TestWhatIsRemovedIsNotStartedAnyMore: a start under way, as of a controller that was killed a moment ago, is called
// off, and the removal comes after it; a start of another testbed goes on.
func TestWhatIsRemovedIsNotStartedAnyMore(t *testing.T) {
	dir := t.TempDir()
	s := &slow{began: make(chan struct{}), called: make(chan struct{}), finish: make(chan struct{}),
		removed: make(chan struct{})}
	server := NewServer(noderuntime.Made{Runtime: s}, dir)
	r := New("slow", "b", answered(func(conn net.Conn) { server.Serve(context.Background(), conn) }))
	hosts := filepath.Join(dir, "hosts")
	if err := os.WriteFile(hosts, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	started, removed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := r.Start(context.Background(), []noderuntime.Spec{{Testbed: "t", Node: "n",
			Dir: filepath.Join(dir, "t", "n"), HostsAt: hosts}}, nil)
		started <- err
	}()
	<-s.began
	if err := server.starts.end(context.Background(), "other"); err != nil {
		t.Error(err)
	}
	select {
	case <-s.called:
		t.Fatal("the removal of another testbed called the start off")
	default:
	}
	go func() { removed <- r.Remove(context.Background(), "t", nil) }()
	<-s.called
	select {
	case <-s.removed:
		t.Error("it was removed while the start went on")
	default:
	}
	close(s.finish)
	if err := <-removed; err != nil {
		t.Error(err)
	}
	if err := <-started; err == nil || !errors.Is(err, errRemoved) && err.Error() != "machine b: "+errRemoved.Error() {
		t.Errorf("the start: %v", err)
	}
}

// TestARemovalDoesNotWaitForEver: it ends with its context.
func TestARemovalDoesNotWaitForEver(t *testing.T) {
	var s starts
	_, done := s.begin(context.Background(), []noderuntime.Spec{{Testbed: "t"}})
	defer done()
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	if err := s.end(ctx, "t"); !errors.Is(err, why) {
		t.Error(err)
	}
}
