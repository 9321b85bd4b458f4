package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/printable"
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
	d.checkTraces(f)
	d.checkDelays(s, false)
	d.checkSynth(&f.Topology)
	d.checkImport(&f.Topology)
	d.checkWorkload(&f.Workload)
	d.checkFunctions(f)
	d.checkTwice("placement.hosts", f.Placement.Hosts)
	d.checkModels(f)
	d.checkDispatch(f)
	d.checkInflux(f.Influx)
	d.checkRuntime(f)
	d.checkFunctionRuntime(f)
	d.checkState(f)
	for i := range f.Events {
		d.checkEvent(&f.Events[i], eventPath(i))
	}
	sound := !d.failed("topology") && !d.failed("cloud")
	f.resolve(d.catalogue)
	if open {
		d.checkFiles(s)
	} else {
		s.unread = true
		defer func() { s.unread = false }()
	}
	if !sound || (f.Topology.Import.Path != "" || f.Topology.Imported != nil) && (!open || d.failed("topology")) {
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
		d.failAt("workload.jobs", "raise synth.jobs", "%s cannot be drawn from the %d synthesized",
			printable.Count(w.Jobs, "job"), w.Synth.Jobs)
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
	d.checkFunctionFiles(s)
	d.checkProfile(s)
	d.checkImported(s)
	d.checkTraceFiles(s)
	d.checkDelays(s, true)
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
			for _, one := range Flatten(err) {
				remedy := ""
				if errors.Is(one, fs.ErrNotExist) {
					remedy = "paths are relative to the scenario's file"
				}
				d.failAt(join("topology", s.File.Topology.Import.Format), remedy, "%v", one)
			}
		}
	}
}

// Flatten takes joined errors apart.
func Flatten(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range many.Unwrap() {
			all = append(all, Flatten(one)...)
		}
		return all
	}
	return []error{err}
}
