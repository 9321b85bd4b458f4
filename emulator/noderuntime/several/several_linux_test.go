package several

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/process"
	"testbed/emulator/noderuntime/remote"
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

// piped serves a runtime over pipes, a stream each, until it is cut.
type piped struct {
	noderuntime.Made
	cut bool
}

func (p *piped) Open(service string) (net.Conn, error) {
	if p.cut || service != remote.Service {
		return nil, control.ErrLost
	}
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		remote.NewServer(p.Made, "/tmp", os.TempDir()).Serve(context.Background(), there)
	}()
	return here, nil
}

// where says which of two machines a node is on.
func where(node string) string {
	sum := fnv.New32()
	_, _ = sum.Write([]byte(node))
	return string(rune('a' + sum.Sum32()%2))
}

// half is a machine that finds its own nodes alone, though both are this one.
type half struct {
	noderuntime.Runtime
	id string
}

func (h half) Find(ctx context.Context, testbed string) ([]noderuntime.Node, error) {
	found, err := h.Runtime.Find(ctx, testbed)
	return slices.DeleteFunc(found, func(n noderuntime.Node) bool { return where(n.Node) != h.id }), err
}

func (h half) Logs(ctx context.Context, node noderuntime.Node, follow bool, out io.Writer) error {
	return h.Runtime.(noderuntime.Logger).Logs(ctx, node, follow, out)
}

// spread has the suite's nodes on two machines, by their names. The suite enters nodes as of this machine, which they
// are, so that it is not told.
type spread struct{ r *Runtime }

func (s spread) Name() string { return s.r.Name() }

func placed(nodes []noderuntime.Node) []noderuntime.Node {
	nodes = slices.Clone(nodes)
	for i := range nodes {
		nodes[i].Machine = where(nodes[i].Node)
	}
	return nodes
}

// taken makes sure that nodes know their machines, and takes that out.
func taken(nodes []noderuntime.Node, err error) ([]noderuntime.Node, error) {
	for i := range nodes {
		if nodes[i].Machine != where(nodes[i].Node) {
			return nil, fmt.Errorf("node %s is on %q", nodes[i].Node, nodes[i].Machine)
		}
		nodes[i].Machine = ""
	}
	return nodes, err
}

func (s spread) Start(ctx context.Context, specs []noderuntime.Spec, progress func(int)) ([]noderuntime.Node, error) {
	specs = slices.Clone(specs)
	for i := range specs {
		specs[i].Machine = where(specs[i].Node)
	}
	return taken(s.r.Start(ctx, specs, progress))
}

func (s spread) Inspect(ctx context.Context, nodes []noderuntime.Node) ([]noderuntime.Condition, error) {
	found, err := s.r.Inspect(ctx, placed(nodes))
	for i := range found {
		if found[i].Node.Machine != where(nodes[i].Node) || found[i].State == noderuntime.Unreachable {
			return nil, fmt.Errorf("%+v", found[i])
		}
		found[i].Node.Machine = ""
	}
	return found, err
}

func (s spread) Find(ctx context.Context, testbed string) ([]noderuntime.Node, error) {
	return taken(s.r.Find(ctx, testbed))
}

func (s spread) Exec(
	ctx context.Context, node noderuntime.Node, args []string, stdio noderuntime.Stdio,
) (int, error) {
	return s.r.Exec(ctx, placed([]noderuntime.Node{node})[0], args, stdio)
}

func (s spread) Remove(ctx context.Context, testbed string, nodes []noderuntime.Node) error {
	return s.r.Remove(ctx, testbed, placed(nodes))
}

func (s spread) Stop(ctx context.Context, nodes []noderuntime.Node) error {
	return s.r.Stop(ctx, placed(nodes))
}

func (s spread) Logs(ctx context.Context, node noderuntime.Node, follow bool, out io.Writer) error {
	return s.r.Logs(ctx, placed([]noderuntime.Node{node})[0], follow, out)
}

// TestConformance: two machines with processes are a runtime like any other.
func TestConformance(t *testing.T) {
	runtimetest.Run(t, func(testing.TB) noderuntime.Runtime {
		var machines []Machine
		for _, id := range []string{"a", "b"} {
			nodes := process.New(program.At("/proc/self/exe"), nil)
			nodes.Names = ""
			machines = append(machines,
				Machine{id, remote.New("process", id, &piped{Made: noderuntime.Made{Runtime: half{nodes, id}}}).Made()})
		}
		return spread{New("process", machines)}
	}, program.At("/proc/self/exe").Path(), fmt.Sprintf("s%d-", os.Getpid()))
}

// scripted is a runtime that remembers what is asked of it.
type scripted struct {
	noderuntime.Runtime
	id      string
	fail    error
	waits   bool // for the end of a start
	running []string
	stopped []string
}

func (s *scripted) Name() string { return "scripted" }

func (s *scripted) Start(
	ctx context.Context, specs []noderuntime.Spec, progress func(int),
) ([]noderuntime.Node, error) {
	if s.fail != nil {
		return nil, s.fail
	}
	if s.waits {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	var nodes []noderuntime.Node
	for i, spec := range specs {
		if spec.Machine != "" {
			return nil, errors.New("a machine knows itself")
		}
		s.running = append(s.running, spec.Node)
		nodes = append(nodes, noderuntime.Node{Testbed: spec.Testbed, Node: spec.Node, PID: 7})
		progress(i + 1)
	}
	return nodes, nil
}

func (s *scripted) Inspect(_ context.Context, nodes []noderuntime.Node) ([]noderuntime.Condition, error) {
	if s.fail != nil {
		return nil, s.fail
	}
	all := make([]noderuntime.Condition, len(nodes))
	for i, n := range nodes {
		if n.Machine != "" {
			return nil, errors.New("a machine knows itself")
		}
		all[i] = noderuntime.Condition{State: noderuntime.Running, Node: n}
	}
	return all, nil
}

func (s *scripted) Stop(_ context.Context, nodes []noderuntime.Node) error {
	for _, n := range nodes {
		s.stopped = append(s.stopped, n.Node)
	}
	return nil
}

func (s *scripted) Remove(context.Context, string, []noderuntime.Node) error {
	s.stopped = append(s.stopped, "all")
	return s.fail
}

// Watch says that x has died, or waits.
func (s *scripted) Watch(ctx context.Context, nodes []noderuntime.Node) (string, error) {
	if s.fail != nil {
		return "", s.fail
	}
	if slices.ContainsFunc(nodes, func(n noderuntime.Node) bool { return n.Node == "x" }) {
		return "x", nil
	}
	<-ctx.Done()
	return "", nil
}

func pair() (a, b *scripted, r *Runtime) {
	a, b = &scripted{id: "a"}, &scripted{id: "b"}
	return a, b, New("scripted", []Machine{{"a", noderuntime.Made{Runtime: a}}, {"b", noderuntime.Made{Runtime: b}}})
}

func specs(on ...string) (all []noderuntime.Spec) {
	for i, m := range on {
		all = append(all, noderuntime.Spec{Testbed: "t", Node: fmt.Sprintf("n%d", i), Machine: m})
	}
	return all
}

// TestNodesAreInTheOrderOfTheirSpecs, each on its machine, and progress counts them all.
func TestNodesAreInTheOrderOfTheirSpecs(t *testing.T) {
	a, b, r := pair()
	most := 0
	nodes, err := r.Start(t.Context(), specs("b", "a", "b", "a"), func(n int) { most = max(most, n) })
	if err != nil || most != 4 {
		t.Fatal(err, most)
	}
	for i, n := range nodes {
		if n.Node != fmt.Sprintf("n%d", i) || n.Machine != []string{"b", "a", "b", "a"}[i] {
			t.Errorf("node %d is %+v", i, n)
		}
	}
	if !slices.Equal(a.running, []string{"n1", "n3"}) || !slices.Equal(b.running, []string{"n0", "n2"}) {
		t.Errorf("%v and %v", a.running, b.running)
	}
	conditions, err := r.Inspect(t.Context(), nodes)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range conditions {
		if c.Node != nodes[i] || c.State != noderuntime.Running {
			t.Errorf("condition %d is %+v", i, c)
		}
	}
}

// TestWhereOneMachineFailsNothingStays: what others have started is removed, what they are about to is called off, and
// the error is that of the one which failed.
func TestWhereOneMachineFailsNothingStays(t *testing.T) {
	a, b, r := pair()
	b.fail = errors.New("no room")
	_, err := r.Start(t.Context(), specs("a", "b"), nil)
	if !errors.Is(err, b.fail) || len(a.stopped) != len(a.running) {
		t.Errorf("%v; of %v %v were stopped", err, a.running, a.stopped)
	}
	a.waits = true
	_, err = r.Start(t.Context(), specs("a", "b"), nil)
	if !errors.Is(err, b.fail) || strings.Contains(err.Error(), "another") {
		t.Error(err)
	}
	if _, err = r.Start(t.Context(), specs("a", "c"), nil); !errors.Is(err, ErrNoMachine) {
		t.Error(err)
	}
}

// TestAMachineThatDoesNotAnswer leaves others' nodes known, and removed.
func TestAMachineThatDoesNotAnswer(t *testing.T) {
	a, b, r := pair()
	nodes, err := r.Start(t.Context(), specs("a", "b"), nil)
	if err != nil {
		t.Fatal(err)
	}
	b.fail = fmt.Errorf("machine b: %w", control.ErrLost)
	found, err := r.Inspect(t.Context(), nodes)
	if err != nil || found[0].State != noderuntime.Running || found[1].State != noderuntime.Unreachable ||
		found[1].Why != b.fail.Error() || found[1].Node != nodes[1] {
		t.Errorf("%+v, %v", found, err)
	}
	if err := r.Remove(t.Context(), "t", nodes); !errors.Is(err, control.ErrLost) || !slices.Contains(a.stopped, "all") {
		t.Errorf("%v; %v", err, a.stopped)
	}
	if died, err := r.Watch(t.Context(), nodes); died != "" || !errors.Is(err, control.ErrLost) {
		t.Errorf("%q, %v", died, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Inspect(ctx, nodes); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestWatch names who has died, and ends with the context.
func TestWatch(t *testing.T) {
	_, _, r := pair()
	nodes := []noderuntime.Node{{Testbed: "t", Node: "n", Machine: "a"}, {Testbed: "t", Node: "x", Machine: "b"}}
	if died, err := r.Watch(t.Context(), nodes); died != "x" || err != nil {
		t.Errorf("%q, %v", died, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		died, err := r.Watch(ctx, nodes[:1])
		if died != "" {
			err = errors.New(died + " has died")
		}
		ended <- err
	}()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
