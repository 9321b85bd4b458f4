package outsider

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/synth"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// mostRead is how much of a file is read, in bytes.
const mostRead = 1 << 20

// trace is a number of equal jobs of one task with one state.
type trace struct {
	jobs  int
	bytes int64 // of a state
}

func (t trace) Each(workload.Options) iter.Seq[workload.Job] {
	var all []workload.Job
	for i := range t.jobs {
		all = append(all, workload.Job{
			Name: fmt.Sprintf("j_%d", i+1), Arrival: time.Duration(i) * time.Millisecond, States: []int64{t.bytes}, Result: 100,
			Tasks: []workload.Task{{Name: "M1", Function: workload.FunctionName(0), Ops: 1000, Argument: 100, States: []int{0}}},
		})
	}
	return slices.Values(all)
}

func (trace) Notes(workload.Options) []string              { return nil }
func (trace) Errors(int) []error                           { return nil }
func (trace) Stateless(workload.Options) error             { return io.ErrUnexpectedEOF }
func (trace) Row(job, _ string, _ workload.Factors) string { return job }

// read is the text of a file.
func read(path string) (string, error) {
	f, err := readfile.Open(path, mostRead)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost
	text, err := io.ReadAll(f)
	return string(text), err
}

// workloads has a format of which each row is a job, and a synthesizer of jobs whose states have a size.
func workloads() catalogue.Section {
	return append(
		workload.Formats.Of(catalogue.Entry[workload.Format]{
			Description: catalogue.Description{Name: Trace, About: "a job in each row"},
			Does: workload.Format{Load: func(path string, _ catalogue.Values) (workload.Trace, error) {
				text, err := read(path)
				return trace{strings.Count(text, "\n"), 1000}, err
			}},
		}),
		workload.Synthesizers.Of(catalogue.Entry[workload.Synthesizer]{
			Description: catalogue.Description{
				Name: Workload, About: "equal jobs",
				Options: []catalogue.Option{{Name: "state", About: "Size of each state", Unit: catalogue.Bytes, Default: 2000}},
			},
			Does: workload.Synthesizer{New: func(jobs int, _ uint64, options catalogue.Values) (workload.Trace, error) {
				return trace{jobs, int64(options.Of("state"))}, nil
			}},
		})...)
}

// around is a switch with hosts around it.
func around(hosts []string) (*topology.Topology, error) {
	t := topology.New("around")
	var ends []topology.ID
	for _, name := range hosts {
		id, err := t.Add(topology.Vertex{Name: name, Class: "leaf", Model: "leaf", CPU: 1000, Memory: 1 << 30})
		if err != nil {
			return nil, err
		}
		ends = append(ends, id)
	}
	links := make([]topology.ID, len(hosts))
	for i := range hosts {
		v := topology.Vertex{Name: "to_" + hosts[i], Kind: topology.Link, LinkType: topology.Duplex}
		v.Shape[0].Rate, v.Shape[1].Rate = 100*units.Mbps, 100*units.Mbps
		id, err := t.Add(v)
		if err != nil {
			return nil, err
		}
		links[i] = id
	}
	hub, err := t.Add(topology.Vertex{Name: "hub", Kind: topology.Switch})
	for i := range ends {
		t.Join(ends[i], links[i], 0)
		t.Join(links[i], hub, 0)
	}
	return t, err
}

// networks has a format in which each word is a node of a ring.
func networks() catalogue.Section {
	parse := func(text []byte, _ catalogue.Values) (*network.Graph, error) {
		g := &network.Graph{Unshaped: true}
		words := strings.Fields(string(text))
		for i, w := range words {
			g.Nodes = append(g.Nodes, network.Node{ID: w, Line: 1, Kind: topology.Switch})
			next := words[(i+1)%len(words)]
			g.Links = append(g.Links, network.Link{Line: 1, Ends: []network.End{{Node: w}, {Node: next}}})
		}
		return g, nil
	}
	return network.Formats.Of(catalogue.Entry[network.Format]{
		Description: catalogue.Description{Name: Network, About: "nodes of a ring"}, Does: network.Format{Parse: parse},
	})
}

// topologies has a format that lists hosts, and a synthesizer of a number of them.
func topologies() catalogue.Section {
	return append(
		topology.Formats.Of(catalogue.Entry[topology.Format]{
			Description: catalogue.Description{Name: Topology, About: "Path of a list of hosts around a switch"},
			Does: topology.Format{Suffixes: []string{""}, Load: func(path string) (*topology.Topology, error) {
				text, err := read(path)
				if err != nil {
					return nil, err
				}
				return around(strings.Fields(text))
			}},
		}),
		synth.Synthesizers.Of(catalogue.Entry[synth.Synthesizer]{
			Description: catalogue.Description{
				Name: Synthesizer, About: "hosts around a switch", Takes: []string{"host-rate"},
				Options: []catalogue.Option{
					{Name: "leaves", About: "Number of hosts", Unit: catalogue.Count, Default: 3, Min: 2, Max: 20},
				},
			},
			Does: synth.Synthesizer{Build: func(_ *synth.Parameters, options catalogue.Values) (*topology.Topology, error) {
				var hosts []string
				for i := range int(options.Of("leaves")) {
					hosts = append(hosts, fmt.Sprintf("leaf%d", i))
				}
				return around(hosts)
			}},
		})...)
}
