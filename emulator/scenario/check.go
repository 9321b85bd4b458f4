package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
	"testbed/emulator/workload"
)

// check finds what no single value shows, resolves the defaults, and builds the topology to hold names
// against it. It goes on after errors as far as it can.
func (d *decoder) check(s *Scenario, open bool) {
	f := &s.File
	d.checkNodes(f)
	d.checkLinks(f)
	d.checkSynth(&f.Topology)
	d.checkWorkload(&f.Workload)
	d.checkTwice("placement.hosts", f.Placement.Hosts)
	d.checkModels(f)
	d.checkInflux(f.Influx)
	d.checkRuntime(f)
	for i := range f.Events {
		d.checkEvent(&f.Events[i], eventPath(i))
	}
	sound := !d.failed("topology") && !d.failed("cloud")
	f.resolve(d.catalogue)
	if open {
		d.checkFiles(s)
	}
	if !sound || f.Topology.Import.Path != "" && (!open || d.failed("topology")) {
		d.checkWrittenNames(f)
		return
	}
	if s := f.Topology.Synth; s != nil && d.tooLarge(s) {
		d.failAt("topology.synth", "lower the parameters", "the topology would have more than %d hosts", maxHosts)
		return
	}
	d.checkGraph(s)
}

// failAt is fail at the place of a value.
func (d *decoder) failAt(path, remedy, format string, args ...any) {
	d.fail(d.position(path), path, remedy, format, args...)
}

// failed says whether there is an error about the value at path or inside it, or about a key that was probably
// meant to be it.
func (d *decoder) failed(path string) bool {
	return slices.Contains(d.meant, path) || slices.ContainsFunc(d.errs, func(e *Error) bool {
		return e.Path == "" || e.Path == path || strings.HasPrefix(e.Path, path+".") || strings.HasPrefix(e.Path, path+"[")
	})
}

func (d *decoder) checkNodes(f *File) {
	hosts := 0
	t := topology.New(f.Name)
	if f.Cloud != nil && len(f.Topology.Nodes) > 0 {
		_, _ = t.Add(topology.Vertex{Name: "cloud", Kind: topology.Cloud}) // the first: its name is free
	}
	for _, n := range f.Topology.Nodes {
		path := join("topology.nodes", n.Name)
		if n.Kind == "host" || d.failed(join(path, "kind")) {
			hosts++
		}
		if _, err := t.Add(topology.Vertex{Name: n.Name, Kind: n.kind()}); err != nil && f.Cloud != nil && n.Name == "cloud" {
			d.failAt(path, "choose another name", `the name "cloud" is taken: it is the cloud's`)
		}
	}
	for _, e := range t.CheckNames() {
		if path := join("topology.nodes", e.Name); !d.failed(path) {
			d.failAt(path, e.Remedy, "%s", e.Problem)
		}
	}
	if len(f.Topology.Nodes) > 0 && hosts == 0 {
		d.failAt("topology.nodes", "add a node of kind: host", "there is no host")
	}
	if len(f.Topology.Nodes) > 0 && f.Topology.Latencies != nil {
		d.failAt("topology.latencies", "remove it, and give links a delay",
			"the delays of nodes and links that are written out are not drawn")
	}
}

func (d *decoder) checkLinks(f *File) {
	known := make([]string, len(f.Topology.Nodes))
	taken := map[string]bool{} // names of nodes and of links so far
	for k, n := range f.Topology.Nodes {
		known[k] = n.Name
		taken[n.Name] = true
	}
	nodes := maps.Clone(taken)
	for i := range f.Topology.Links {
		d.checkLink(&f.Topology.Links[i], fmt.Sprintf("topology.links[%d]", i), known, nodes)
		d.checkLinkName(&f.Topology.Links[i], fmt.Sprintf("topology.links[%d]", i), taken)
	}
}

// checkLink holds a link against the nodes, known in their order.
func (d *decoder) checkLink(l *Link, path string, known []string, nodes map[string]bool) {
	for k, end := range l.Endpoints {
		here := fmt.Sprintf("%s.endpoints[%d]", path, k)
		switch {
		case end == "" || len(known) == 0 || d.failed(here):
		case !nodes[end]:
			d.failAt(here, suggest(end, known), "there is no node %q", end)
		case slices.Index(l.Endpoints, end) < k:
			d.failAt(here, "name each node once", "the node %s is an endpoint twice", end)
		}
	}
	typed := !d.failed(path + ".type")
	if typed && l.Type != "shared" && len(l.Endpoints) > 2 {
		d.failAt(path+".endpoints", "write two, or type: shared",
			"a link of type %s has %d endpoints", l.Type, len(l.Endpoints))
	}
	if typed {
		d.checkDirections(path, l.kind())
	}
}

// checkShapes holds each link's jitter against its delay, whoever gave them, and reports the last that gave one.
func (d *decoder) checkShapes(f *File, t *topology.Topology) {
	for _, err := range t.CheckJitter(nil) {
		id, _ := t.Lookup(err.Link)
		class := t.Vertices[id].Class
		path := ""
		if i := slices.IndexFunc(f.Classes, func(o Override) bool { return o.Name == class && o.varies() }); i >= 0 {
			path = join("classes", class)
		}
		if i := slices.IndexFunc(f.Topology.Links, func(l Link) bool { return l.Name == err.Link && l.varies() }); i >= 0 {
			path = fmt.Sprintf("topology.links[%d]", i)
		}
		if i := slices.IndexFunc(f.Overrides, func(o Override) bool { return o.Name == err.Link && o.varies() }); i >= 0 {
			path = join("overrides", err.Link)
		}
		if d.failed(path) {
			continue
		}
		of := ""
		if strings.HasPrefix(path, "classes") {
			of = " of " + err.Link
		}
		d.failAt(join(path, "jitter"), "write at most the delay, and give a delay",
			"the jitter of %v is larger than the delay of %v%s", err.Jitter, err.Delay, of)
	}
}

// checkLinkName holds a link's name against those that are taken, and adds it to them.
func (d *decoder) checkLinkName(l *Link, path string, taken map[string]bool) {
	name := l.Name
	if name == "" && d.failed(path) {
		return // what it would be called is not known
	}
	if name == "" && len(l.Endpoints) != 2 {
		d.failAt(path, "add name", "a link of %d endpoints needs a name", len(l.Endpoints))
		return
	}
	if name == "" {
		name = strings.Join(l.Endpoints, "-")
	}
	if taken[name] {
		d.failAt(path+".name", "add a name of its own", "the name %q is taken", name)
	}
	taken[name] = true
}

// checkDirections refuses up and down where a link has one queue only.
func (d *decoder) checkDirections(path string, kind topology.LinkType) {
	no := map[topology.LinkType][]string{
		topology.Shared: {"up", "down"}, topology.Uplink: {"down"}, topology.Downlink: {"up"},
	}[kind]
	for _, key := range propertyKeys {
		for _, direction := range no {
			here := join(join(path, key), direction)
			if _, given := d.where[here]; given {
				d.failAt(here, "write one value", "a link of type %s has one queue", kind)
			}
		}
	}
	if here := join(path, "rtt"); kind == topology.Uplink || kind == topology.Downlink {
		if _, given := d.where[here]; given {
			d.failAt(here, "write delay", "a link of type %s has one direction", kind)
		}
	}
}

func (d *decoder) checkSynth(t *Topology) {
	if t.Synth == nil {
		return
	}
	synthesizer, err := synth.Synthesizers.Find(d.catalogue, t.Synth.Kind)
	if err != nil || synthesizer.Check == nil {
		return
	}
	for _, p := range synthesizer.Check(&t.Synth.Parameters) {
		d.failAt(join("topology.synth", p.Key), p.Remedy, "%s", p.Message)
	}
}

// tooLarge says whether a synthesized topology would have more hosts than are allowed.
func (d *decoder) tooLarge(s *TopologySynth) bool {
	synthesizer, err := synth.Synthesizers.Find(d.catalogue, s.Kind)
	return err == nil && synthesizer.Hosts != nil && synthesizer.Hosts(&s.Parameters) > maxHosts
}

func (d *decoder) checkWorkload(w *Workload) {
	d.checkJobs(w)
	if w.Until > 0 && w.Until <= w.From {
		d.failAt("workload.until", fmt.Sprintf("write more than %v", w.From), "it is no later than from")
	}
	if w.MaxLength > 0 && w.MaxLength < w.MinLength {
		d.failAt("workload.max-length", fmt.Sprintf("write at least %d", w.MinLength), "it is less than min-length")
	}
	if w.Synth != nil && w.Jobs > w.Synth.Jobs && w.Synth.Jobs > 0 && w.Draw != string(workload.DrawReplacement) {
		d.failAt("workload.jobs", "raise synth.jobs", "%d jobs cannot be drawn from the %d synthesized", w.Jobs, w.Synth.Jobs)
	}
	d.checkTwice("workload.clients", w.Clients)
}

// checkTwice reports what a list has twice.
func (d *decoder) checkTwice(path string, list []string) {
	for i, name := range list {
		if slices.Index(list, name) < i {
			d.failAt(fmt.Sprintf("%s[%d]", path, i), "remove it", "%q is listed twice", name)
		}
	}
}

func (d *decoder) checkModels(f *File) {
	for i, m := range f.Models {
		here := fmt.Sprintf("models[%d]", i)
		if slices.Index(f.Models, m) < i {
			d.failAt(here, "remove it", "%q is listed twice", m)
		}
		if _, given := d.where["cloud"]; d.needsCloud(m) && !given && !d.failed("cloud") {
			d.failAt(here, "add cloud: {} or remove the model", "the model %s keeps state in the cloud, and there is none", m)
		}
		if rule, err := plan.Rules.Find(d.catalogue, m); err == nil && f.chained() {
			if err := rule.Chainable(); err != nil {
				d.failAt(here, "remove it, or orchestration: chained", "%v", err)
			}
		}
	}
	if f.chained() && f.StateAccess == string(plan.ByClient) {
		d.failAt("orchestration", "write state-access: worker or orchestration: client",
			"where workers call each other, the client takes no part that could read and write states")
	}
}

// needsCloud says whether a model is there, and keeps state in the cloud.
func (d *decoder) needsCloud(model string) bool {
	rule, err := plan.Rules.Find(d.catalogue, model)
	return err == nil && rule.Cloud
}

// checkFiles looks for the files that the scenario refers to, and reads the topology.
func (d *decoder) checkFiles(s *Scenario) {
	if trace := s.Workload.Trace; s.shipped() {
		if s.Workload.Format != "" {
			d.failAt("workload.format", "leave it out", "the program's own trace %s has no other format", trace)
		}
	} else if trace != "" {
		switch info, err := os.Stat(s.resolvePath(trace)); {
		case err != nil:
			d.failAt("workload.trace", "paths are relative to the scenario's file; without one there is "+
				strings.Join(s.catalogue.Names(catalogue.Shipped), ", "), "%v", err)
		case !info.Mode().IsRegular():
			d.failAt("workload.trace", "write the path of a file", "%s is not a file", trace)
		}
	}
	if s.File.Topology.Import.Path != "" && !d.failed("topology") {
		if _, err := s.edgeNetwork(); err != nil {
			for _, one := range flatten(err) {
				remedy := ""
				if errors.Is(one, fs.ErrNotExist) {
					remedy = "paths are relative to the scenario's file"
				}
				d.failAt(join("topology", s.File.Topology.Import.Format), remedy, "%v", one)
			}
		}
	}
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range many.Unwrap() {
			all = append(all, flatten(one)...)
		}
		return all
	}
	return []error{err}
}
