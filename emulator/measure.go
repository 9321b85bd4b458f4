package emulator

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"testbed/emulator/capacity"
	"testbed/emulator/doctor"
	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/netns"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
)

// measureScenario is the testbed that is measured. Hosts that only start are added to it.
//
//go:embed measure.yaml
var measureScenario string

// What is measured: for how long packets are sent as fast as they go, the time at its begin and end in which they are
// not counted, and how many packets/s are sent, for how long, to see how late they are. Each is done several times, and
// the best one counts: what else runs on the host only takes away.
const (
	flooded     = 700 * time.Millisecond
	settles     = 150 * time.Millisecond
	modest      = 2000
	modestLasts = 700 * time.Millisecond
	tries       = 3
	idleHosts   = 21
)

// Measure measures what this host can do: packets/s of each of its fabrics, how late they are at a modest rate, and
// nodes/s. It takes some seconds, makes a testbed of its own for each fabric, and keeps what it found beside the host's
// key.
func (h *Host) Measure(ctx context.Context, progress func(string)) (*capacity.Measured, error) {
	e, err := measured(h)
	if err != nil {
		return nil, err
	}
	if err := h.idle(ctx); err != nil {
		return nil, err
	}
	m := &capacity.Measured{Time: time.Now().UTC(), Version: h.Version}
	m.Kernel, m.CPU, m.Processors = ThisHost()
	for _, o := range h.Fabrics {
		if o.Supported(ctx) != nil {
			continue
		}
		progress("measuring fabric " + o.Name)
		f, err := h.measure(ctx, e, o.Name, m)
		if err != nil {
			return nil, fmt.Errorf("measuring fabric %s: %w", o.Name, err)
		}
		m.Fabrics = append(m.Fabrics, *f)
	}
	if len(m.Fabrics) == 0 {
		return nil, fmt.Errorf("there is no fabric to measure: %w", fabric.ErrNotSupported)
	}
	return m, m.Write(h.capacityDir())
}

// idle fails where a run is under way: each would disturb the other.
func (h *Host) idle(ctx context.Context) error {
	all, err := h.Statuses(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if run := all[i].Run; run != nil {
			return fmt.Errorf("run %s is under way on testbed %s, which would disturb the measurement, and be disturbed by it: "+
				"measure when it has ended", run.Run, all[i].Name)
		}
	}
	return nil
}

// measured is the scenario that is measured, worked out.
func measured(h *Host) (*resolved.Scenario, error) {
	text := strings.Builder{}
	for i := range idleHosts {
		fmt.Fprintf(&text, "    i%d: {memory: 256MiB, cpu: 1}\n", i)
	}
	nodes := text.String()
	text.Reset()
	for i := range idleHosts {
		fmt.Fprintf(&text, "    - {endpoints: [i%d, s1]}\n", i)
	}
	full := strings.Replace(measureScenario, "  links:\n", nodes+"  links:\n"+text.String(), 1)
	s, err := scenario.Parse([]byte(full), "measure.yaml", h.catalogue())
	if err != nil {
		return nil, err
	}
	return resolved.Prepare(s)
}

// measure brings the testbed up on one fabric, measures, and takes it down.
func (h *Host) measure(
	ctx context.Context, e *resolved.Scenario, name string, m *capacity.Measured,
) (f *capacity.Fabric, err error) {
	bed, err := h.Up(ctx, e, UpOptions{Name: e.Source.Name, Runtime: "auto", Fabric: name})
	if err != nil {
		return nil, err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err = errors.Join(err, h.Down(end, e.Source.Name, nil))
	}()
	if starts := float64(len(bed.Journal.Nodes)) / bed.Journal.Took.Seconds(); starts > m.Starts {
		m.Starts, m.Runtime = starts, bed.Journal.Runtime
	}
	f = &capacity.Fabric{Name: name, LateAt: modest}
	for range tries {
		if err := bed.better(ctx, f); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// better measures once, and keeps what is better than before.
func (b *Bed) better(ctx context.Context, f *capacity.Fabric) error {
	for _, way := range []struct {
		to    string
		links int
		best  *capacity.Path
	}{{"b", 2, &f.Short}, {"z", 6, &f.Long}} {
		got, err := b.carries(ctx, way.to, way.links)
		if err != nil {
			return err
		}
		if got.Packets > way.best.Packets {
			*way.best = got
		}
	}
	late, err := b.late(ctx)
	if late != nil && (f.LateP99 == nil || *late < *f.LateP99) {
		f.LateP99 = late
	}
	return err
}

// stream is one from host a to another one.
func (b *Bed) stream(to string) (*capacity.Stream, error) {
	want, err := b.Wanted()
	if err != nil {
		return nil, err
	}
	var spaces [2]netns.Ref
	for i, name := range []string{"a", to} {
		node, err := b.Node(name)
		if err != nil {
			return nil, err
		}
		spaces[i] = node.Namespace()
	}
	for _, s := range want.Stations {
		if want.Topology.Vertices[s.ID].Name == to {
			return capacity.Open(spaces[0], spaces[1], s.Addr.Addr())
		}
	}
	return nil, fmt.Errorf("host %s: %w", to, fabric.ErrAbsent)
}

// carries is how many packets/s arrive at a host that is so many links away, where they are sent as fast as they go.
func (b *Bed) carries(ctx context.Context, to string, links int) (capacity.Path, error) {
	s, err := b.stream(to)
	if err != nil {
		return capacity.Path{}, err
	}
	defer s.Close()
	sent := make(chan error, 1)
	go func() { sent <- s.Send(ctx, 0, flooded) }()
	time.Sleep(settles)
	began, before := time.Now(), s.Arrived()
	time.Sleep(flooded - 2*settles)
	arrived, took := s.Arrived()-before, time.Since(began)
	if err := <-sent; err != nil {
		return capacity.Path{}, err
	}
	if arrived == 0 {
		return capacity.Path{}, fmt.Errorf("no packet arrived over %d links", links)
	}
	return capacity.Path{Links: links, Packets: float64(arrived) / took.Seconds()}, nil
}

// late is by how much the latest 1 % of packets were late at a modest rate, in s; nil where the fabric does not tell.
func (b *Bed) late(ctx context.Context) (*float64, error) {
	f, ok := b.Fabric.(fabric.Healthy)
	if !ok {
		return nil, nil
	}
	s, err := b.stream("b")
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var at [2]health.Health
	for i := range at {
		if at[i], err = f.Health(ctx, 0, false); errors.Is(err, fabric.ErrNoHealth) {
			return nil, nil
		}
		if err == nil && i == 0 {
			err = s.Send(ctx, modest, modestLasts)
		}
		if err != nil {
			return nil, err
		}
	}
	written := at[1].Written.Since(&at[0].Written)
	p99 := written.Quantile(0.99).Seconds()
	return &p99, nil
}

// capacityDir is where what was measured is kept: it outlives a reboot, as the host's key does.
func (h *Host) capacityDir() string { return filepath.Dir(h.Key) }

// Capacity is what this host was measured to do; nil where it was not. Current says that it still has that kernel and
// those processors.
func (h *Host) Capacity() (m *capacity.Measured, current bool, err error) {
	m, err = capacity.Read(h.capacityDir())
	if m == nil || err != nil {
		return nil, false, err
	}
	return m, m.Same(ThisHost()), nil
}

// Warnings say what a scenario asks of this host that it was measured not to do, and what to do about it. There are
// none where nothing was measured. The fabric is one's name, or auto.
func (h *Host) Warnings(ctx context.Context, e *resolved.Scenario, fabric string) ([]string, error) {
	m, current, err := h.Capacity()
	if m == nil || !current || err != nil {
		return nil, err
	}
	d, err := capacity.Of(e)
	if err != nil {
		return nil, err
	}
	return m.Warnings(d, h.taken(ctx, fabric)), nil
}

// taken is the fabric that is taken where one is named, or auto.
func (h *Host) taken(ctx context.Context, name string) string {
	for _, o := range h.Fabrics {
		if name == "auto" && o.Supported(ctx) == nil {
			return o.Name
		}
	}
	return name
}

// ThisHost are this host's kernel, processor and number of processors.
func ThisHost() (kernel, cpu string, processors int) {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		cpu = processorOf(string(text))
	}
	return doctor.KernelRelease(), cpu, runtime.NumCPU()
}

// processorOf is the processor that /proc/cpuinfo names; empty: it names none.
func processorOf(text string) string {
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// capacityLine is the doctor's line about what was measured.
func (h *Host) capacityLine() doctor.Capability {
	const measure = "testbed doctor --measure"
	c := doctor.Capability{Name: "capacity", OK: true}
	m, current, err := h.Capacity()
	switch {
	case errors.Is(err, os.ErrPermission):
		c.Found, c.Follows, c.Remedy = "only root may see what was measured", "", "sudo testbed doctor"
	case err != nil:
		c.OK, c.Found, c.Remedy = false, err.Error(), measure
	case m == nil:
		c.Found, c.Follows, c.Remedy = "not measured", "up, run and replay cannot warn of what is too much", measure
	case !current:
		c.Found, c.Follows = strings.Join(m.Lines(), "; "), "it was another kernel or processor: nothing is warned of"
		c.Remedy = measure
	default:
		c.Found, c.Follows = strings.Join(m.Lines(), "; "), "up, run and replay warn of what is more"
	}
	return c
}
