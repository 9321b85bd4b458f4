package spread

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime/remote"
)

// agentCommand makes the test binary an agent, with its directory, whose connection is descriptor 3.
const agentCommand = "tb-agent"

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 4 && os.Args[0] == userspace.ProcessName && os.Args[1] == userspace.Command:
		os.Exit(userspace.Main(os.Args[2:]))
	case len(os.Args) == 2 && os.Args[0] == agentCommand:
		os.Exit(beAgent(os.Args[1]))
	}
	testenv.DefaultSignals()
	os.Exit(m.Run())
}

// beAgent serves until the connection ends.
func beAgent(dir string) int {
	file := os.NewFile(3, "controller")
	conn, err := net.FileConn(file)
	_ = file.Close()
	if err != nil {
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	handlers := map[string]control.Handler{}
	for name, serve := range Services(program.At("/proc/self/exe"), dir) {
		handlers[name] = func(stream net.Conn) { serve(ctx, stream) }
	}
	session, err := control.Agent(conn, handlers)
	if err != nil {
		return 1
	}
	<-session.Lost()
	return 0
}

// process is an agent in a process of its own, which can be killed.
type process struct {
	*control.Session
	cmd *exec.Cmd
}

func newProcess(t *testing.T, dir string) *process {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	mine, theirs := os.NewFile(uintptr(pair[0]), "agent"), os.NewFile(uintptr(pair[1]), "controller")
	defer mine.Close()
	defer theirs.Close()
	p := &process{cmd: exec.Command("/proc/self/exe")}
	p.cmd.Args, p.cmd.ExtraFiles, p.cmd.Stderr = []string{agentCommand, dir}, []*os.File{theirs}, os.Stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := net.FileConn(mine)
	if err == nil {
		p.Session, err = control.Controller(conn, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Session.Close(); p.kill() })
	return p
}

// kill ends the agent as if its machine had lost power, and waits for that.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// local is an agent in this process.
type local map[string]func(context.Context, net.Conn)

func newLocal(dir string) local { return Services(program.At("/proc/self/exe"), dir) }

func (l local) Open(service string) (net.Conn, error) {
	serve := l[service]
	if serve == nil {
		return nil, control.ErrNoService
	}
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		serve(context.Background(), there)
	}()
	return here, nil
}

// gone is an agent that is not there.
type gone struct{}

var errGone = errors.New("it has gone home")

func (gone) Open(string) (net.Conn, error) { return nil, errGone }

// bed is two machines of one testbed.
type bed struct {
	testbed string
	dir     string // of the testbed's records
	agents  map[string]remote.Opener
	list    []machines.Machine
	split   func(fabric.Network) machines.Partition
}

func newBed(testbed, dir string, agents ...remote.Opener) *bed {
	b := &bed{testbed: testbed, dir: filepath.Join(dir, "records"), agents: map[string]remote.Opener{}}
	for i, a := range agents {
		m := machines.Machine{ID: fmt.Sprint("id-", i), Name: fmt.Sprint("machine-", i)}
		b.agents[m.ID], b.list = a, append(b.list, m)
	}
	b.split = func(n fabric.Network) machines.Partition { return split(n, b.list) }
	return b
}

// fabric is one of perhaps several values for the testbed.
func (b *bed) fabric() *located {
	return &located{New(Config{
		Testbed: b.testbed, Dir: b.dir,
		Partition: func(n fabric.Network) (machines.Partition, error) { return b.split(n), nil },
		At:        func(id string) remote.Opener { return b.agents[id] },
		Address:   func(string) string { return "127.0.0.1" },
	}), b}
}

// located says of stations' namespaces on which machine they are, as nodes' are said to be.
type located struct {
	*Fabric
	bed *bed
}

func (l *located) locate(want fabric.Network) fabric.Network {
	if want.Topology == nil {
		return want
	}
	p := l.bed.split(want)
	stations := make([]fabric.Station, len(want.Stations))
	for i, s := range want.Stations {
		s.NetNS.Machine = p.Machines[p.Of[want.Topology.Vertices[s.ID].Name]].ID
		stations[i] = s
	}
	want.Stations = stations
	return want
}

func (l *located) Apply(ctx context.Context, want fabric.Network) error {
	return l.Fabric.Apply(ctx, l.locate(want))
}

func (l *located) Reshape(ctx context.Context, want fabric.Network) error {
	return l.Fabric.Reshape(ctx, l.locate(want))
}
