package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/process"
	"testbed/emulator/noderuntime/runtimetest"
)

// TestMain lets the test binary be a node or a probe.
func TestMain(m *testing.M) {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == process.InitCommand {
		rest, err := process.Init(args[1:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "tb-node:", err)
			os.Exit(1)
		}
		args = rest
	}
	if code, ok := runtimetest.Main(args); ok {
		os.Exit(code)
	}
	testenv.DefaultSignals()
	os.Exit(m.Run())
}

// piped serves a runtime over pipes, a stream each.
type piped struct{ noderuntime.Made }

func (p piped) Open(service string) (net.Conn, error) {
	if service != Service {
		return nil, errors.New("not that")
	}
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		NewServer(p.Made, "/tmp", os.TempDir()).Serve(context.Background(), there)
	}()
	return here, nil
}

// TestConformance: a runtime behind a connection is one like any other.
func TestConformance(t *testing.T) {
	runtimetest.Run(t, func(testing.TB) noderuntime.Runtime {
		nodes := process.New(program.At("/proc/self/exe"), nil)
		nodes.Names = ""
		return New("process", "b", piped{noderuntime.Made{Runtime: nodes}})
	}, program.At("/proc/self/exe").Path(), fmt.Sprintf("t%d-", os.Getpid()))
}

// scripted is a runtime whose commands do as a function says, and which can do nothing else.
type scripted struct {
	exec func(context.Context, noderuntime.Stdio) (int, error)
}

var errNothing = errors.New("it can do nothing but that")

func (scripted) Name() string { return "scripted" }
func (scripted) Start(context.Context, []noderuntime.Spec, func(int)) ([]noderuntime.Node, error) {
	return nil, errNothing
}
func (scripted) Inspect(context.Context, []noderuntime.Node) ([]noderuntime.Condition, error) {
	return nil, errNothing
}
func (scripted) Find(context.Context, string) ([]noderuntime.Node, error) { return nil, errNothing }
func (scripted) Remove(context.Context, string, []noderuntime.Node) error { return errNothing }
func (scripted) Stop(context.Context, []noderuntime.Node) error           { return errNothing }

func (s scripted) Exec(
	ctx context.Context, _ noderuntime.Node, _ []string, stdio noderuntime.Stdio,
) (int, error) {
	return s.exec(ctx, stdio)
}

func execute(ctx context.Context, stdio noderuntime.Stdio, as func(context.Context, noderuntime.Stdio) (int, error),
) (int, error) {
	r := New("scripted", "b", piped{noderuntime.Made{Runtime: scripted{exec: as}}})
	return r.Exec(ctx, noderuntime.Node{Node: "n"}, []string{"x"}, stdio)
}

// endless is input that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestACommandThatReadsNothingIsCancelled: its input does not keep the cancellation waiting.
func TestACommandThatReadsNothingIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	code, err := execute(ctx, noderuntime.Stdio{In: endless{}},
		func(ctx context.Context, _ noderuntime.Stdio) (int, error) {
			cancel()
			<-ctx.Done()
			return 143, context.Cause(ctx)
		})
	if code != 143 || !errors.Is(err, context.Canceled) {
		t.Errorf("status %d, %v", code, err)
	}
}

// TestInputAndOutputAreWhole: also what is larger than a message.
func TestInputAndOutputAreWhole(t *testing.T) {
	sent := bytes.Repeat([]byte("0123456789abcdef\n"), 50_000)
	var out, errs bytes.Buffer
	code, err := execute(context.Background(), noderuntime.Stdio{In: bytes.NewReader(sent), Out: &out, Err: &errs},
		func(_ context.Context, stdio noderuntime.Stdio) (int, error) {
			_, err := io.Copy(io.MultiWriter(stdio.Out, stdio.Err), stdio.In)
			return 3, err
		})
	if code != 3 || err != nil || !bytes.Equal(out.Bytes(), sent) || !bytes.Equal(errs.Bytes(), sent) {
		t.Errorf("status %d, %v, %d and %d bytes of %d", code, err, out.Len(), errs.Len(), len(sent))
	}
}

// TestErrorsKeepTheirKind, and name the machine.
func TestErrorsKeepTheirKind(t *testing.T) {
	for name, kind := range kinds {
		_, err := execute(context.Background(), noderuntime.Stdio{},
			func(context.Context, noderuntime.Stdio) (int, error) { return -1, fmt.Errorf("such a thing: %w", kind) })
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), "machine b: such a thing") {
			t.Errorf("%s: got %v", name, err)
		}
		for other, not := range kinds {
			if other != name && errors.Is(err, not) {
				t.Errorf("%s: %v is %s, too", name, err, other)
			}
		}
	}
}

// TestSecretsAreAskedFor, and who does not answer knows none.
func TestSecretsAreAskedFor(t *testing.T) {
	key, of := noderuntime.NewSecret(), noderuntime.NewSecret()
	there := AskedOf(answered(func(conn net.Conn) {
		ServeSecrets(conn, Secrets{Key: func() noderuntime.Secret { return key },
			Of: func(testbed, run string) []noderuntime.Secret { return []noderuntime.Secret{of.Derive(testbed, run)} }})
	}))
	if got := there.Key(); got != key {
		t.Error("the key is another one")
	}
	if got := there.Of("a", "1"); len(got) != 1 || got[0] != of.Derive("a", "1") {
		t.Errorf("%d secrets, or others", len(got))
	}
	silent := AskedOf(answered(func(net.Conn) {}))
	if !silent.Key().IsZero() || len(silent.Of("a", "1")) > 0 {
		t.Error("nobody said so")
	}
}

// TestSecretsOverAConnection: of a controller and an agent.
func TestSecretsOverAConnection(t *testing.T) {
	near, far := net.Pipe()
	secret := noderuntime.NewSecret()
	here, err := control.Controller(near, map[string]control.Handler{SecretsService: func(conn net.Conn) {
		ServeSecrets(conn, Secrets{Of: func(string, string) []noderuntime.Secret { return []noderuntime.Secret{secret} }})
	}})
	if err != nil {
		t.Fatal(err)
	}
	there, err := control.Agent(far, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if got := AskedOf(there).Of("a", "1"); len(got) != 1 || got[0] != secret {
			t.Fatalf("%d secrets", len(got))
		}
	}
	_ = here.Close()
	_ = there.Close()
}

// answered answers each stream by a function.
type answered func(net.Conn)

func (a answered) Open(string) (net.Conn, error) {
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		a(there)
	}()
	return here, nil
}

// TestAMessageWithoutEndIsRefused: neither a lying agent nor anybody else fills memory with one.
func TestAMessageWithoutEndIsRefused(t *testing.T) {
	sent := make(chan int, 1)
	r := New("process", "b", answered(func(conn net.Conn) {
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		total, part := 0, bytes.Repeat([]byte("x"), 1<<16)
		n, err := io.WriteString(conn, `{"Outcome":{"Text":"`)
		for ; err == nil; n, err = conn.Write(part) {
			total += n
		}
		sent <- total
	}))
	_, err := r.Find(context.Background(), "x")
	if !errors.Is(err, control.ErrTooLong) || !strings.Contains(err.Error(), "machine b") {
		t.Errorf("got %v, want that machine b says too much", err)
	}
	if total := <-sent; total > 2*mostOutcome {
		t.Errorf("%d bytes were read of it", total)
	}
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		ServeSecrets(there, Secrets{Of: func(string, string) []noderuntime.Secret { t.Error("it was asked"); return nil }})
	}()
	total, part := 0, bytes.Repeat([]byte(" "), 1<<12)
	for n, err := here.Write(part); err == nil; n, err = here.Write(part) {
		total += n
	}
	if total > 2*mostQuestion {
		t.Errorf("%d bytes of a question were read", total)
	}
}

// FuzzServe: no request, whatever it holds, does more than fail.
func FuzzServe(f *testing.F) {
	f.Add([]byte(`{"Op":"exec","Nodes":[{"node":"n"}],"Connected":{"In":true}}` + "\n" +
		`{"In":"eA=="}` + "\n" + `{"EndOfIn":true}` + "\n"))
	f.Add([]byte(`{"Op":"exec","Nodes":[]}` + "\n"))
	f.Add([]byte(`{"Op":"start","Specs":[{"Node":"n","Dir":"/nowhere/../etc/x"}],"Hosts":{"/nowhere":"eA=="}}` + "\n"))
	f.Add([]byte(`{"Op":"await-companion","ID":"x"}` + "\n" + `{"Cancel":true}` + "\n"))
	f.Add([]byte(`{"Op":"logs","Nodes":[{}]}` + "\n"))
	f.Fuzz(func(_ *testing.T, sent []byte) {
		here, there := net.Pipe()
		served := make(chan struct{})
		go func() {
			defer close(served)
			defer there.Close()
			NewServer(noderuntime.Made{Runtime: scripted{
				exec: func(_ context.Context, stdio noderuntime.Stdio) (int, error) {
					if stdio.In != nil {
						_, _ = io.Copy(io.Discard, stdio.In)
					}
					return 0, nil
				}}}).Serve(context.Background(), there)
		}()
		go func() { _, _ = io.Copy(io.Discard, here) }()
		_, _ = here.Write(sent)
		here.Close()
		<-served
	})
}
