package inside

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/noderuntime"
)

// Kind is a kind of namespace.
type Kind struct {
	Name string // of its file in /proc/PID/ns
	flag int
}

// The kinds of namespaces that a node may have of its own.
var (
	PID    = Kind{"pid", unix.CLONE_NEWPID}
	UTS    = Kind{"uts", unix.CLONE_NEWUTS}
	Net    = Kind{"net", unix.CLONE_NEWNET}
	Mounts = Kind{"mnt", unix.CLONE_NEWNS}
)

// Make makes a namespace of the kind for the calling thread, which is in none of it that others use.
func (k Kind) Make() error { return unix.Unshare(k.flag) }

// Space is one namespace, held open.
type Space struct {
	*os.File
	Kind  Kind
	inode uint64
}

// Open opens a node's namespaces of some kinds by way of its first process, once that is known to be the node's and
// each namespace not to be one of this host's own. The error wraps noderuntime.ErrNoSuchNode where it is not.
func Open(node noderuntime.Node, kinds ...Kind) ([]Space, error) {
	p, err := noderuntime.Hold(node)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	var spaces []Space
	for _, k := range kinds {
		space, err := open(p, k)
		if space.File != nil {
			spaces = append(spaces, space)
		}
		if err != nil {
			Close(spaces)
			return nil, fmt.Errorf("node %s of testbed %s: %w: %w", node.Node, node.Testbed, noderuntime.ErrNoSuchNode, err)
		}
	}
	return spaces, nil
}

func open(p *proc.Process, k Kind) (Space, error) {
	file, err := p.Namespace(k.Name)
	if err != nil {
		return Space{}, err
	}
	space := Space{File: file, Kind: k}
	if space.inode, err = proc.Inode(file); err == nil && proc.IsHostNamespace(k.Name, space.inode) {
		err = fmt.Errorf("its %s namespace is this host's own", k.Name)
	}
	return space, err
}

// Close closes namespaces.
func Close(spaces []Space) {
	for _, s := range spaces {
		s.File.Close()
	}
}

// processes is the number of the pid namespace that the place's commands are in; 0: this host's.
func (p Place) processes() uint64 {
	for _, s := range p.Spaces {
		if s.Kind == PID {
			return s.inode
		}
	}
	return 0
}
