package spread

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/program"
	"testbed/emulator/internal/runkey"
	"testbed/emulator/internal/statefile"
	"testbed/emulator/netns"
)

// carried is a machine's part of one testbed's network. All but the fabric, the directory and the machine belongs to
// who holds turn.
type carried struct {
	turn    chan struct{} // has room for the one that changes something
	closed  bool          // it is not to be used any more
	machine string        // this one's ID
	dir     string
	fabric  *userspace.Fabric

	address  string           // where the others reach this machine; empty: it does not listen
	listener *net.TCPListener // until the fabric takes it over
	up       bool             // Apply has succeeded
	part     part             // that of the latest Apply

	run, here int64 // when the latest run began, by the controller's clock, and by this machine's
}

// partDir is what the directories of machines' parts begin with, each in its testbed's.
const partDir = "fabric-"

var errNoDirs = errors.New("the agent shares no directory with its machine, and a network needs one")

func newCarried(a *agent, testbed, machine string) (*carried, error) {
	if len(a.dirs) == 0 {
		return nil, errNoDirs
	}
	dir := dirOf(a.dirs[0], testbed, machine)
	c := &carried{turn: make(chan struct{}, 1), machine: machine, dir: dir,
		fabric: userspace.New(dir, testbed, a.program, userspace.Command)}
	c.fabric.Depend()
	c.fabric.Beside()
	return c, nil
}

// dirOf is the directory of something of a machine's. Two agents of one testbed may have the same directories, as where
// two engines of a host are a machine each.
func dirOf(dir, testbed, what string) string {
	sum := sha256.Sum256([]byte(what))
	return filepath.Join(dir, testbed, partDir+hex.EncodeToString(sum[:6]))
}

// Beside is a fabric on an agent's machine, by its ID, for a network that is no part of the testbed's, with the name of
// its testbed, which none can have. The network ends with the agent; what of it an agent that was killed has left is
// removed with what it has left of its part.
func Beside(p program.Program, dirs []string, testbed, machine, what string) (
	f fabric.Fabric, name string, remove func() error, err error,
) {
	if len(dirs) == 0 {
		return nil, "", nil, errNoDirs
	}
	if !names().MatchString(testbed) {
		return nil, "", nil, fmt.Errorf("%w: testbed %.50q", errRequest, testbed)
	}
	dir, name := dirOf(dirs[0], testbed, what+" "+machine), "tb-"+what+"~"+testbed
	if err := statefile.Dir(dir); err != nil {
		return nil, "", nil, err
	}
	beside := userspace.New(dir, name, p, userspace.Command)
	beside.Beside()
	return beside, name, func() error {
		err := os.RemoveAll(dir)
		_ = os.Remove(filepath.Dir(dir)) // where nothing else is in it
		return err
	}, nil
}

// errElsewhere is wrapped by errors about stations that are not where the partition has them.
var errElsewhere = netns.ErrElsewhere

// apply makes the part that a request wants.
func (c *carried) apply(ctx context.Context, n fabric.Network, q *request) error {
	p, err := c.agreed(&q.Part)
	if err != nil {
		return err
	}
	if n, err = p.own(n, c.machine); err != nil {
		return err
	}
	n.Run = c.begins(n.Run, q.Run)
	if err := statefile.Dir(c.dir); err != nil {
		return err
	}
	if len(p.Partition.Machines) > 1 { // one alone has nobody to talk to
		joined := userspace.Part{Partition: p.Partition, Self: p.Self, Addresses: p.Addresses, Key: p.Key,
			Listener: c.listener}
		c.listener = nil // Join has it, whatever becomes of the rest
		if err := c.fabric.Join(joined); err != nil {
			return err
		}
	}
	if q.Op == opReshape {
		err = c.fabric.Reshape(ctx, n)
	} else {
		err = c.fabric.Apply(ctx, n)
	}
	if err == nil || errors.Is(err, fabric.ErrAbsent) {
		c.up, c.part = true, *p
	}
	return err
}

// agreed is the part with what of it was told before, once it is checked.
func (c *carried) agreed(p *part) (*part, error) {
	switch {
	case p.Self < 0 || p.Self >= len(p.Partition.Machines) || p.Partition.Machines[p.Self].ID != c.machine:
		return nil, fmt.Errorf("%w: machine %d of %d is not %.50q", errRequest, p.Self, len(p.Partition.Machines), c.machine)
	case c.address == "" || !c.up && p.Key == (runkey.Key{}):
		return nil, fmt.Errorf("%w: nothing was agreed with the other machines", fabric.ErrNotRunning)
	}
	agreed := *p
	if agreed.Key == (runkey.Key{}) {
		agreed.Key = c.part.Key
	}
	if len(agreed.Addresses) == 0 {
		agreed.Addresses = c.part.Addresses
	}
	if len(agreed.Addresses) != len(p.Partition.Machines) {
		return nil, fmt.Errorf("%w: %d addresses of %d machines", errRequest, len(agreed.Addresses),
			len(p.Partition.Machines))
	}
	return &agreed, nil
}

// own is the network as a machine's fabric is to see it: its own stations' namespaces are of this kernel, and of the
// others' it knows nothing, so that nothing changes here when they do.
func (p *part) own(n fabric.Network, machine string) (fabric.Network, error) {
	n.Stations = slices.Clone(n.Stations)
	var errs []error
	for i := range n.Stations {
		s := &n.Stations[i]
		name := n.Topology.Vertices[s.ID].Name
		switch of, known := p.Partition.Of[name]; {
		case !known || of != p.Self:
			s.NetNS, s.Sysctls = netns.Ref{}, nil
		case s.NetNS.Machine != machine && s.NetNS.Path != "":
			errs = append(errs, fmt.Errorf("station %s: its namespace is on machine %q, and it is to be on %q: %w", name,
				s.NetNS.Machine, machine, errElsewhere))
		default:
			s.NetNS.Machine = ""
		}
	}
	return n, errors.Join(errs...)
}

// close removes the part with all that it has made.
func (c *carried) close(ctx context.Context) error {
	err := c.fabric.Close(ctx)
	if c.listener != nil {
		err = errors.Join(err, c.listener.Close())
		c.listener = nil
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// tidy removes what agents of a testbed that were killed have left on this machine, whatever it was called then. An
// agent's fabric ends with it, so that where one answers there is another agent.
func (a *agent) tidy(ctx context.Context, testbed string) error {
	dir := filepath.Join(a.dirs[0], testbed)
	found, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range found {
		if !strings.HasPrefix(entry.Name(), partDir) {
			continue
		}
		left := filepath.Join(dir, entry.Name())
		f := userspace.New(left, testbed, a.program, userspace.Command)
		if _, asked := f.Counters(ctx); errors.Is(asked, fabric.ErrNotRunning) {
			err = errors.Join(err, os.RemoveAll(left))
		}
	}
	_ = os.Remove(dir) // where nothing else is in it
	return err
}
