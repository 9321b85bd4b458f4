package fake

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/noderuntime"
)

// node is one that was started, and may be dead.
type node struct {
	noderuntime.Node
	spec  noderuntime.Spec
	state noderuntime.State // Running, Paused or Dead
	agent *faas.Agent       // nil: it runs none, or is dead
}

// runtime is the machine as a node runtime.
type runtime struct {
	*Machine
	name string
}

// Runtime is the runtime seam of the machine, by whatever name.
func (m *Machine) Runtime(name string) noderuntime.Runtime { return runtime{m, name} }

// OnExec says what commands in nodes do, and with which status they end.
func (m *Machine) OnExec(do func(node noderuntime.Node, args []string, stdio noderuntime.Stdio) int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commands = do
}

// Kill ends a node's processes. What is left of it has to be removed.
func (m *Machine) Kill(testbed, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.nodes[key{testbed, name}]; n != nil {
		n.kill()
	}
}

// Pause lets a node execute nothing; its agent, which is in this process, goes on.
func (m *Machine) Pause(testbed, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.nodes[key{testbed, name}]; n != nil && n.state == noderuntime.Running {
		n.state = noderuntime.Paused
	}
}

// Restart starts a node again, as another process in another network namespace.
func (m *Machine) Restart(testbed, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.nodes[key{testbed, name}]
	if n == nil {
		return noderuntime.ErrNoSuchNode
	}
	n.kill()
	return m.boot(n)
}

func (n *node) kill() {
	n.state = noderuntime.Dead
	if n.agent != nil {
		_ = n.agent.Close()
		n.agent = nil
	}
}

// boot starts what a node runs. The caller has the lock.
func (m *Machine) boot(n *node) error {
	if len(n.spec.Args) > 0 {
		var config faas.Config
		if err := json.Unmarshal([]byte(n.spec.Args[len(n.spec.Args)-1]), &config); err != nil {
			return fmt.Errorf("node %s: %w", n.spec.Node, err)
		}
		addr, err := addressOf(n.spec)
		if err != nil {
			return err
		}
		config.Listen = netip.AddrPortFrom(addr, 8080).String()
		if n.agent, err = faas.Start(config); err != nil {
			return fmt.Errorf("node %s: %w", n.spec.Node, err)
		}
	}
	m.last++
	// The agent is in this process, and so answers with its number.
	n.Node = noderuntime.Node{Testbed: n.spec.Testbed, Node: n.spec.Node, PID: os.Getpid(), Start: m.last,
		NetNS: fmt.Sprintf("/proc/fake/%d/ns/net", m.last), Inode: 1<<40 + m.last}
	n.state = noderuntime.Running
	return nil
}

// addressOf finds a node's address as the node would: in its file of hosts.
func addressOf(s noderuntime.Spec) (netip.Addr, error) {
	file, err := os.Open(s.HostsAt)
	if err != nil {
		return netip.Addr{}, err
	}
	defer file.Close()
	for in := bufio.NewScanner(file); in.Scan(); {
		if fields := strings.Fields(in.Text()); len(fields) > 1 && slices.Contains(fields[1:], s.Node) {
			return netip.ParseAddr(fields[0])
		}
	}
	return netip.Addr{}, fmt.Errorf("%s: no host %s", s.HostsAt, s.Node)
}

// Name is what the machine's runtime is called.
func (r runtime) Name() string { return r.name }

// Start starts nodes, or none.
func (r runtime) Start(ctx context.Context, specs []noderuntime.Spec, progress func(int)) ([]noderuntime.Node, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := errors.Join(r.failure(Start), context.Cause(ctx))
	var started []noderuntime.Node
	for _, s := range specs {
		at := key{s.Testbed, s.Node}
		if err == nil && r.nodes[at] != nil {
			err = fmt.Errorf("node %s: its name is taken", s.Node)
		}
		if err != nil {
			break
		}
		n := &node{spec: s}
		if err = r.boot(n); err == nil {
			r.nodes[at] = n
			started = append(started, n.Node)
			if progress != nil {
				progress(len(started))
			}
		}
	}
	if err != nil {
		for _, n := range started {
			r.remove(key{n.Testbed, n.Node})
		}
		return nil, err
	}
	r.done(Start)
	return started, nil
}

// Inspect says how nodes are.
func (r runtime) Inspect(_ context.Context, nodes []noderuntime.Node) ([]noderuntime.Condition, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]noderuntime.Condition, len(nodes))
	for i, n := range nodes {
		all[i] = noderuntime.Condition{State: noderuntime.Dead, Node: n}
		now := r.nodes[key{n.Testbed, n.Node}]
		switch {
		case now == nil || now.state == noderuntime.Dead:
		case now.Node == n:
			all[i].State = now.state
		default:
			all[i] = noderuntime.Condition{State: noderuntime.Restarted, Node: now.Node}
		}
	}
	return all, r.failure(Look)
}

// Find lists nodes that run.
func (r runtime) Find(_ context.Context, testbed string) ([]noderuntime.Node, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []noderuntime.Node
	for at, n := range r.nodes {
		if (testbed == "" || at.testbed == testbed) && n.state != noderuntime.Dead {
			all = append(all, n.Node)
		}
	}
	slices.SortFunc(all, func(a, b noderuntime.Node) int {
		return strings.Compare(a.Testbed+"."+a.Node, b.Testbed+"."+b.Node)
	})
	return all, r.failure(Look)
}

// Exec does what the test said.
func (r runtime) Exec(_ context.Context, n noderuntime.Node, args []string, stdio noderuntime.Stdio) (int, error) {
	r.mu.Lock()
	now, do := r.nodes[key{n.Testbed, n.Node}], r.commands
	r.mu.Unlock()
	if now == nil || now.Node != n || now.state == noderuntime.Dead {
		return -1, noderuntime.ErrNoSuchNode
	}
	if do == nil {
		return 0, nil
	}
	return do(n, args, stdio), nil
}

// Remove removes all nodes of a testbed.
func (r runtime) Remove(_ context.Context, testbed string, _ []noderuntime.Node) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.failure(Stop); err != nil {
		return err
	}
	for at := range maps.Clone(r.nodes) {
		if at.testbed == testbed {
			r.remove(at)
		}
	}
	r.done(Stop)
	return nil
}

// Stop removes some nodes.
func (r runtime) Stop(_ context.Context, nodes []noderuntime.Node) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.failure(Stop); err != nil {
		return err
	}
	for _, n := range nodes {
		r.remove(key{n.Testbed, n.Node})
	}
	r.done(Stop)
	return nil
}

func (m *Machine) remove(at key) {
	if n := m.nodes[at]; n != nil {
		n.kill()
		delete(m.nodes, at)
	}
}

// Logs prints a line.
func (r runtime) Logs(_ context.Context, n noderuntime.Node, _ bool, out io.Writer) error {
	_, err := fmt.Fprintf(out, "the log of %s\n", n.Node)
	return err
}

// Watch looks at the nodes until one is not as it was started.
func (r runtime) Watch(ctx context.Context, nodes []noderuntime.Node) (string, error) {
	for ticker := time.NewTicker(time.Millisecond); ; {
		all, err := r.Inspect(ctx, nodes)
		if err != nil {
			return "", err
		}
		for _, c := range all {
			if c.State == noderuntime.Dead || c.State == noderuntime.Restarted {
				return c.Node.Node, nil
			}
		}
		select {
		case <-ctx.Done():
			return "", nil
		case <-ticker.C:
		}
	}
}
