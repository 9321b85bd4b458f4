// Package agent is what runs on each of several machines: it does there what the controller asks over the one
// connection that it has, and ends with that. It is the controller's own program in an image of its own, so that both
// are of one build.
package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"testbed/emulator/internal/program"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/container"
	"testbed/emulator/machines/carrier/swarm/relay"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/docker"
	"testbed/emulator/noderuntime/remote"
)

// Services are what an agent offers beside nodes, by name.
type Services map[string]func(ctx context.Context, stream net.Conn)

// Main becomes the agent, or a Swarm's way to it, that the arguments, without the program's name, ask for, and returns
// its exit code. ok is false where they ask for neither.
func Main(args []string, more Services) (code int, ok bool) {
	if len(args) == 0 || args[0] != container.Command && args[0] != relay.Command {
		return 0, false
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	var err error
	if args[0] == relay.Command {
		err = relay.Run(ctx, args[1:])
	} else {
		err = run(ctx, args[1:], more)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return 0, true
}

// Dirs are the directories that an agent of these arguments shares with its machine; nil: they ask for none.
func Dirs(args []string) []string {
	if len(args) < 2 || args[0] != container.Command {
		return nil
	}
	return args[2:]
}

// run is the agent: it serves on standard input and output until they end.
func run(ctx context.Context, args []string, more Services) error {
	if len(args) < 2 {
		return errors.New("an agent is started by testbed: run that")
	}
	arrange()
	conn := newStdio()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var session *control.Session
	secrets := remote.AskedOf(later(func(service string) (net.Conn, error) { return session.Open(service) }))
	nodes := docker.New(program.Node(args[0], "/proc/self/exe"), docker.WithHost("unix://"+container.SocketInside),
		docker.WithSecrets(secrets.Of), docker.WithKey(secrets.Key), docker.WithNames(""), docker.WithMachine())
	made := noderuntime.Made{Runtime: nodes, Supported: nodes.Supported, EngineID: nodes.EngineID,
		Foreign: nodes.Foreign, Prune: nodes.Prune, Seize: nodes.Seize, BoundDir: nodes.BoundDir,
		UnboundDirs: nodes.UnboundDirs}
	server := remote.NewServer(made, args[1:]...)
	handlers := map[string]control.Handler{
		carrier.HelloService: hello,
		remote.Service:       func(stream net.Conn) { server.Serve(ctx, stream) },
		remote.DialService:   func(stream net.Conn) { remote.ServeDial(ctx, stream, args[1:]...) },
	}
	for name, serve := range more {
		handlers[name] = func(stream net.Conn) { serve(ctx, stream) }
	}
	ready := make(chan struct{})
	for name, handler := range handlers { // none before session is set
		handlers[name] = func(stream net.Conn) { <-ready; handler(stream) }
	}
	session, err := control.Agent(conn, handlers)
	if err != nil {
		return err
	}
	close(ready)
	select {
	case <-session.Lost():
	case <-ctx.Done():
	}
	cancel()
	return session.Close() // starts under way are undone before this returns
}

// later opens streams of a session that there is not yet.
type later func(service string) (net.Conn, error)

func (l later) Open(service string) (net.Conn, error) { return l(service) }

// stdio is the connection that the engine gives to an agent.
type stdio struct {
	*io.PipeReader
	out *os.File
}

// newStdio reads by way of a pipe, for nothing ends a Read of standard input that waits: a session that was closed
// would wait for it.
func newStdio() stdio {
	in, fed := io.Pipe()
	go func() {
		_, err := io.Copy(fed, os.Stdin)
		fed.CloseWithError(err)
	}()
	return stdio{in, os.Stdout}
}

func (s stdio) Write(p []byte) (int, error) { return s.out.Write(p) }
func (s stdio) Close() error                { return errors.Join(s.PipeReader.Close(), s.out.Close()) }

// hello says who the agent is.
func hello(stream net.Conn) {
	h := carrier.Hello{Addresses: addresses()}
	h.Host, _ = os.Hostname()
	h.Program, _ = Digest()
	_ = json.NewEncoder(stream).Encode(h)
}

// Digest is the SHA-256 of this program's executable, in hexadecimal.
func Digest() (string, error) {
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// addresses are those at which other machines may reach this one.
func addresses() (all []netip.Addr) {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range found {
		if len(all) == carrier.MostAddresses {
			break
		}
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().IsGlobalUnicast() {
			all = append(all, prefix.Addr())
		}
	}
	return all
}
