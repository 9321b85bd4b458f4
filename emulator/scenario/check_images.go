package scenario

import (
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology"
)

// auto is the word for the first runtime or fabric of the catalogue that the host supports.
const auto = "auto"

// checkRuntime refuses images where no runtime could start them.
func (d *decoder) checkRuntime(f *File) {
	if f.Runtime == auto || d.catalogue.Describe(catalogue.Runtimes, f.Runtime).Images {
		return
	}
	var able []string
	for _, r := range d.catalogue.All(catalogue.Runtimes) {
		if r.Images {
			able = append(able, r.Name)
		}
	}
	remedy := "write runtime: " + strings.Join(able, " or ") + ", or remove it"
	for _, r := range f.Images {
		d.failAt(join("images", r.Name), remedy, "the runtime %s cannot run images", f.Runtime)
	}
	for _, n := range f.Topology.Nodes {
		if n.Image != "" {
			d.failAt(join(join("topology.nodes", n.Name), "image"), remedy, "the runtime %s cannot run images", f.Runtime)
		}
	}
}

// checkImages holds the keys of images against the hosts, and finds out whether there are agents where
// the scenario needs them.
func (d *decoder) checkImages(f *File, n vocabulary) {
	var known []string
	agents := 0
	for _, v := range n.hosts {
		known = append(known, v.Name, v.Class, v.Model)
		_, agent := f.imageOf(v)
		inCloud := slices.IndexFunc(f.Models, d.needsCloud)
		switch {
		case v.Name == "cloud" && !agent && inCloud >= 0:
			d.failAt(join("images", f.Images[f.imageRule(v)].Name), "remove agent: false, or "+f.Models[inCloud]+" from models",
				"the model %s keeps state in the cloud, which would have no agent", f.Models[inCloud])
		case v.Kind == topology.Host && agent:
			agents++
		}
	}
	known = slices.DeleteFunc(known, func(s string) bool { return s == "" })
	for _, r := range f.Images {
		if !slices.Contains(known, r.Name) && !d.uncertain("nodes", r.Name) {
			d.failAt(join("images", r.Name), suggest(r.Name, slices.Compact(slices.Sorted(slices.Values(known)))),
				"there is no host of the name, class or model %q", r.Name)
		}
	}
	if len(n.clients) > 0 && agents == 0 {
		d.failAt("images", "leave agent: true for some", "no host has an agent, and none could execute a function")
		return
	}
	d.checkAgents("workload.clients", f.Workload.Clients, "issue jobs", f, n)
	d.checkAgents("placement.hosts", f.Placement.Hosts, "execute functions", f, n)
}

// checkAgents reports what workload.clients or placement.hosts lists and has no agent.
func (d *decoder) checkAgents(path string, list []string, cannot string, f *File, n vocabulary) {
	if _, listed := d.where[path]; !listed {
		return
	}
	for i, c := range list {
		if slices.Contains(n.clients, c) && c != "" && !n.issuer(f, c) {
			d.failAt(fmt.Sprintf("%s[%d]", path, i), "remove it, or write agent: true for its image",
				"%q has no agent (agent: false), and cannot %s", c, cannot)
		}
	}
}
