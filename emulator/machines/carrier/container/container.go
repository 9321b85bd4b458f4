// Package container runs an agent as a container of a Docker engine: created with what it needs of its machine,
// attached to, so that its standard input and output are the control connection, and gone when that ends.
package container

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"

	"testbed/emulator/machines/carrier"
)

// Command is the first argument that makes the program an agent; the others are the directory for nodes' programs and
// those that nodes' files are in.
const Command = "machine-agent"

// SocketInside is where an agent has its engine's socket, where Docker's clients look for it.
const SocketInside = "/var/run/docker.sock"

// Labels of an agent's container, and of what a Swarm has for agents. Whoever may make containers at an engine can do
// there whatever root can, so that the labels need no proof; but nothing is removed that does not also look like an
// agent.
const (
	LabelTestbed = "testbed.agent"        // the testbed's name
	LabelLaunch  = "testbed.agent.launch" // a random word for each start
	LabelBy      = "testbed.agent.by"     // name of the host that started it, as it says
)

// Spec is an agent wanted.
type Spec struct {
	Testbed  string   `json:"testbed"`
	Launch   string   `json:"launch"`
	By       string   `json:"by"`
	Image    string   `json:"image"`    // by which the engine knows it
	Socket   string   `json:"socket"`   // path of the engine's socket on its machine
	Programs string   `json:"programs"` // as in carrier.Launch, as is Replace
	Dirs     []string `json:"dirs"`
	Replace  bool     `json:"replace,omitempty"`
}

// The capabilities that an agent has beside the engine's usual ones: for links, for entering the namespaces of nodes
// whoever they run as, and for the priority of the thread that carries packets.
var capabilities = []string{"NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE", "SYS_NICE"}

// tun is the rule by which an agent may open /dev/net/tun, which it makes for itself.
const tun = "c 10:200 rwm"

// configure is what the engine is asked to create. With the machine's own process numbers, network and host name an
// agent sees nodes as a controller on the machine would.
func (s Spec) configure() (*container.Config, *container.HostConfig) {
	config := &container.Config{
		Image: s.Image, Entrypoint: []string{"/testbed"}, User: "0",
		Cmd:         append([]string{Command, s.Programs}, bare(s.Dirs)...),
		Labels:      map[string]string{LabelTestbed: s.Testbed, LabelLaunch: s.Launch, LabelBy: s.By},
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
		OpenStdin:   true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
	}
	host := &container.HostConfig{
		NetworkMode: "host", PidMode: "host", UsernsMode: "host", AutoRemove: true, ReadonlyRootfs: true, Init: new(bool),
		CapAdd:      capabilities,
		SecurityOpt: []string{"apparmor=unconfined", "label=disable"}, // either would keep it from entering nodes
		Tmpfs:       map[string]string{"/tmp": "rw,nosuid,nodev,size=67108864,mode=1777"},
		LogConfig:   container.LogConfig{Type: "none"}, // its output is the control connection
		Resources:   container.Resources{DeviceCgroupRules: []string{tun}},
	}
	host.Binds = append(host.Binds, s.Socket+":"+SocketInside)
	for _, dir := range append([]string{s.Programs}, s.Dirs...) {
		path, propagation, _ := strings.Cut(dir, ":")
		bind := path + ":" + path
		if propagation != "" {
			bind += ":" + propagation
		}
		if !slices.Contains(host.Binds, bind) {
			host.Binds = append(host.Binds, bind)
		}
	}
	return config, host
}

// bare are directories without what is said of them for mounting.
func bare(dirs []string) []string {
	paths := make([]string, len(dirs))
	for i, d := range dirs {
		paths[i], _, _ = strings.Cut(d, ":")
	}
	return paths
}

// check refuses paths that would be read as something else.
func (s Spec) check() error {
	for _, path := range append(bare(s.Dirs), s.Programs, s.Socket) {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, ":\x00") {
			return fmt.Errorf("%q cannot be a directory or socket of a machine: it is to be absolute, without a colon", path)
		}
	}
	return nil
}

// call bounds any one call to an engine.
const call = time.Minute

// Start starts an agent and returns the connection to it, by which it lives. ctx bounds the start alone. An error says
// what the engine refused, and wraps carrier.ErrLeft where the agent's container could not be removed. An engine
// carries out what it was asked whether or not the asker still waits, so calls under way are let finish when ctx ends.
func Start(ctx context.Context, api *client.Client, s Spec) (conn *Conn, err error) {
	if err := errors.Join(s.check(), context.Cause(ctx)); err != nil {
		return nil, err
	}
	lasting := context.WithoutCancel(ctx)
	if s.Replace {
		if err := Remove(ctx, api, s.Testbed); err != nil {
			return nil, err
		}
	}
	calls, cancel := context.WithTimeout(lasting, call)
	defer cancel()
	config, host := s.configure()
	made, err := s.create(calls, api, config, host)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = carrier.Left(err, remove(lasting, api, made.ID, stopping))
		}
	}()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	attached, err := attach(calls, api, made.ID)
	if err != nil {
		return nil, fmt.Errorf("attaching to the agent: %w", err)
	}
	err = context.Cause(ctx)
	if err == nil {
		err = api.ContainerStart(calls, made.ID, container.StartOptions{})
	}
	if err != nil {
		attached.Close()
		return nil, fmt.Errorf("starting the agent: %w", err)
	}
	return newConn(api, made.ID, attached), nil
}

// attach attaches to a container. The client heeds no end of ctx while it waits for the engine's answer, and one that
// hangs gives none.
func attach(ctx context.Context, api *client.Client, id string) (types.HijackedResponse, error) {
	type answer struct {
		attached types.HijackedResponse
		err      error
	}
	answered := make(chan answer, 1)
	go func() {
		attached, err := api.ContainerAttach(context.WithoutCancel(ctx), id, // the connection outlives the start
			container.AttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
		answered <- answer{attached, err}
	}()
	select {
	case a := <-answered:
		return a.attached, a.err
	case <-ctx.Done():
		go func() {
			if a := <-answered; a.err == nil {
				a.attached.Close()
			}
		}()
		return types.HijackedResponse{}, context.Cause(ctx)
	}
}

// going is how long an agent that was removed may take to be gone.
const going = 10 * time.Second

// create makes the agent's container. Its name is the claim to the testbed's: of two controllers that take one name at
// the same time the engine gives it to one.
func (s Spec) create(
	ctx context.Context, api *client.Client, config *container.Config, host *container.HostConfig,
) (container.CreateResponse, error) {
	for until := time.Now().Add(going); ; {
		made, err := api.ContainerCreate(ctx, config, host, nil, nil, s.name())
		switch {
		case err == nil:
			return made, nil
		case errdefs.IsNotFound(err):
			return made, fmt.Errorf("the engine has no image %s: %w", s.Image, err)
		case !errdefs.IsConflict(err):
			err = fmt.Errorf("creating the agent: %w", err)
			if !answered(err) {
				err = carrier.Left(err, errors.New("the engine may have created it, or do so yet"))
			}
			return made, err
		case time.Now().After(until) || ctx.Err() != nil:
			return made, fmt.Errorf("an agent of testbed %s is there already: %w, or it is left of one that was killed, which "+
				"`down --machines` removes: %w", s.Testbed, carrier.ErrTaken, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// answered tells what an engine has answered from what kept it from answering.
func answered(err error) bool {
	kinds := []func(error) bool{errdefs.IsInternal, errdefs.IsInvalidArgument, errdefs.IsNotFound, errdefs.IsConflict,
		errdefs.IsPermissionDenied, errdefs.IsUnauthorized, errdefs.IsNotImplemented, errdefs.IsUnavailable,
		errdefs.IsNotModified, errdefs.IsResourceExhausted}
	return slices.ContainsFunc(kinds, func(is func(error) bool) bool { return is(err) })
}

// name is the container's; empty: the engine makes one up.
func (s Spec) name() string {
	if !Claimed(s.Testbed) {
		return ""
	}
	return "tb-agent." + s.Testbed
}

// Claimed says whether agents for a testbed claim its name. Those that only look around are for one that no testbed can
// be called like.
func Claimed(testbed string) bool {
	return !strings.ContainsFunc(testbed, func(r rune) bool { return !strings.ContainsRune(ofNames, r) })
}

// ofNames are the characters of testbeds' names.
const ofNames = "abcdefghijklmnopqrstuvwxyz0123456789-"

// removal bounds how long the engine may take to remove a container, beyond what that has to undo what it does. An
// agent has stopping for that: what it has just asked the engine for would be there after who looks for it has gone.
const (
	removal  = 20 * time.Second
	stopping = 10 * time.Second
)

// remove removes a container, whether it runs or not, which has so long to end by itself. One that is gone, or going,
// is no error.
func remove(ctx context.Context, api *client.Client, id string, ending time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, removal+ending)
	defer cancel()
	seconds := int(ending.Seconds())
	_ = api.ContainerStop(ctx, id, container.StopOptions{Timeout: &seconds}) // removal says what fails
	err := api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true})
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	if !errdefs.IsConflict(err) {
		return fmt.Errorf("removing the container %.12s: %w", id, err)
	}
	for { // the engine removes it already
		if _, err := api.ContainerInspect(ctx, id); errdefs.IsNotFound(err) {
			return nil
		} else if err != nil {
			return fmt.Errorf("removing the container %.12s: %w", id, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("removing the container %.12s: %w", id, context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Word is a random word for a start, as LabelLaunch has it.
func Word() string { return strings.ToLower(rand.Text()) }

// Of finds what is a testbed's agents'.
func Of(testbed string) filters.Args {
	return filters.NewArgs(filters.Arg("label", LabelTestbed+"="+testbed))
}

// Remove removes all agents of a testbed that an engine has.
func Remove(ctx context.Context, api *client.Client, testbed string) error {
	return RemoveThose(ctx, api, testbed, Command, stopping)
}

// RemoveThose removes the containers of a testbed that an engine has in which this program carries out a command. Each
// has so long to end by itself.
func RemoveThose(ctx context.Context, api *client.Client, testbed, command string, ending time.Duration) error {
	asked, cancel := context.WithTimeout(ctx, removal)
	defer cancel()
	found, err := api.ContainerList(asked, container.ListOptions{All: true, Filters: Of(testbed)})
	if err != nil {
		return fmt.Errorf("looking for agents: %w", err)
	}
	var failed []error
	for _, c := range found {
		if strings.HasPrefix(c.Command, "/testbed "+command+" ") {
			failed = append(failed, remove(ctx, api, c.ID, ending))
		}
	}
	return errors.Join(failed...)
}
