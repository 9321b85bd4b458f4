// Package orchestrator turns a scenario into a running testbed and back: it computes the desired state,
// applies it through a node runtime and a fabric, and tears it down. Its journal is written
// before anything else is touched; names suffice where the journal is lost.
package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"testbed/emulator/fabric"
	"testbed/emulator/noderuntime"
)

// ErrNotRunning is wrapped by errors about a testbed that is not up.
var ErrNotRunning = errors.New("not running")

// ErrExists is wrapped by the error of an Up whose testbed is up already.
var ErrExists = errors.New("up already")

// Host is what an orchestrator works with: where testbeds are recorded, and the implementations of the
// two seams that this program has.
type Host struct {
	Store    Store
	Key      string // file of the host's key, see DefaultKey; empty: none
	Disk     string // directory of what nodes keep on disk, see DiskDir; empty: it is with the records
	Runtimes []RuntimeOption
	Fabrics  []FabricOption
	Several  Several      // has testbeds on several machines; nil: there are none
	Subnet   netip.Prefix // of every testbed's stations, IPv4; the zero value: DefaultSubnet
}

// RuntimeOption is one implementation of the runtime seam, in the order in which `auto` tries them. The
// members about an engine are nil where it has none.
type RuntimeOption struct {
	noderuntime.Runtime
	Remedy    string                      // the command that brings what it needs
	Supported func(context.Context) error // nil or why not
	Endpoint  func() string               // address of the engine that is used
	// EngineID is what the engine that is used knows itself by, whatever way leads to it.
	EngineID func(context.Context) (string, error)
	// For is the same runtime with the engine that was recorded by its Endpoint and EngineID, whatever the
	// environment says by now. It fails where that one does not answer, or another one in its place.
	For func(ctx context.Context, endpoint, id string) (RuntimeOption, error)
	// Foreign names what looks like nodes of a testbed, of any where the name is empty, is none of those given,
	// and cannot be proved to be testbed's. It is left alone.
	Foreign func(ctx context.Context, testbed string, nodes []noderuntime.Node) ([]string, error)
}

// engine is the endpoint that the option uses now; empty: it has none.
func (o RuntimeOption) engine() string {
	if o.Endpoint == nil {
		return ""
	}
	return o.Endpoint()
}

// engineID is what that engine knows itself by; empty: it has none, or cannot be asked.
func (o RuntimeOption) engineID(ctx context.Context) string {
	if o.EngineID == nil {
		return ""
	}
	id, err := o.EngineID(ctx)
	if err != nil {
		return ""
	}
	return id
}

// FabricOption is one implementation of the fabric seam, in the order in which `auto` tries them.
type FabricOption struct {
	Name      string
	Remedy    string // the command that brings what it needs, where its own error does not say it
	Supported func(context.Context) error
	New       func(dir, testbed string) fabric.Fabric
	Testbeds  func() ([]string, error) // that something of this fabric is there of; nil: they cannot be listed
	Traces    bool                     // it carries links that follow traces exactly
}

// ErrUnknownOption is wrapped by errors about a runtime or fabric that does not exist.
var ErrUnknownOption = errors.New("unknown")

// runtime picks the runtime named, or for auto the first that this host supports.
func (h *Host) runtime(ctx context.Context, name string) (RuntimeOption, error) {
	var refused []error
	for _, o := range h.Runtimes {
		if name != "auto" && name != o.Name() {
			continue
		}
		err := o.Supported(ctx)
		if err == nil {
			return o, nil
		}
		refused = append(refused, fmt.Errorf("runtime %s: %w", o.Name(), err))
	}
	if len(refused) == 0 {
		return RuntimeOption{}, fmt.Errorf("runtime %s: %w; there are %s", name, ErrUnknownOption, h.runtimeNames())
	}
	return RuntimeOption{}, errors.Join(refused...)
}

// runtimeOf is the runtime that has a testbed's nodes, with its engine.
func (h *Host) runtimeOf(ctx context.Context, j *Journal) (RuntimeOption, error) {
	for _, o := range h.Runtimes {
		if o.Name() != j.Runtime {
			continue
		}
		if j.Engine != "" && o.For != nil {
			return o.For(ctx, j.Engine, j.EngineID)
		}
		if o.For == nil {
			return o, nil // its nodes need nobody to answer
		}
		if err := o.Supported(ctx); err != nil {
			return o, fmt.Errorf("runtime %s: %w", o.Name(), err)
		}
		return o, nil
	}
	return RuntimeOption{}, fmt.Errorf("runtime %s: %w; there are %s", j.Runtime, ErrUnknownOption, h.runtimeNames())
}

// fabricOf is the fabric that has a testbed's network, which is there: nobody asks whether it could be made.
func (h *Host) fabricOf(j *Journal) (fabric.Fabric, error) {
	return h.fabricAt(h.Store.Dir(j.Testbed), j.Testbed, j.Fabric)
}

// fabricAt is the fabric named, of a testbed whose records are in dir.
func (h *Host) fabricAt(dir, testbed, name string) (fabric.Fabric, error) {
	for _, o := range h.Fabrics {
		if o.Name == name {
			return o.New(dir, testbed), nil
		}
	}
	return nil, fmt.Errorf("fabric %s: %w; there are %s", name, ErrUnknownOption, h.fabricNames())
}

// fabric picks the fabric named, or for auto the first that this host supports: of those that carry traces exactly,
// where links follow some and there is such a one.
func (h *Host) fabric(ctx context.Context, name, testbed string, traced bool) (fabric.Fabric, error) {
	var refused []error
	options := slices.Clone(h.Fabrics)
	if traced {
		slices.SortStableFunc(options, func(a, b FabricOption) int {
			switch {
			case a.Traces == b.Traces:
				return 0
			case a.Traces:
				return -1
			}
			return 1
		})
	}
	for _, o := range options {
		if name != "auto" && name != o.Name {
			continue
		}
		err := o.Supported(ctx)
		if err == nil {
			return o.New(h.Store.Dir(testbed), testbed), nil
		}
		refused = append(refused, fmt.Errorf("fabric %s: %w", o.Name, err))
	}
	if len(refused) == 0 {
		return nil, fmt.Errorf("fabric %s: %w; there are %s", name, ErrUnknownOption, h.fabricNames())
	}
	return nil, errors.Join(refused...)
}

func (h *Host) runtimeNames() string {
	names := []string{"auto"}
	for _, o := range h.Runtimes {
		names = append(names, o.Name())
	}
	return strings.Join(names, ", ")
}

func (h *Host) fabricNames() string {
	names := []string{"auto"}
	for _, o := range h.Fabrics {
		names = append(names, o.Name)
	}
	return strings.Join(names, ", ")
}
