package scenario

import (
	"slices"

	"testbed/emulator/topology"
)

// Image says what the hosts of one name, class or model run.
type Image struct {
	Name string `yaml:",key"`
	// The container image, such as registry/name:tag.
	Image string `yaml:"image,required" pattern:"image"`
	// Whether the testbed's agent runs in the image. Without it the image's own command does, and the host executes no
	// functions and issues no jobs.
	Agent bool `yaml:"agent" default:"true"`
}

// ImageOf is the user's own image that a host (or the cloud) runs, empty for the testbed's, and whether
// the testbed's agent runs in it. Hosts without an agent execute no functions and issue no jobs.
func (s *Scenario) ImageOf(v *topology.Vertex) (image string, agent bool) {
	if !v.Kind.Attached() {
		return "", false
	}
	return s.File.imageOf(v)
}

func (f *File) imageOf(v *topology.Vertex) (image string, agent bool) {
	if i := slices.IndexFunc(f.Topology.Nodes, func(n Node) bool { return n.Name == v.Name && n.Image != "" }); i >= 0 {
		n := &f.Topology.Nodes[i]
		return n.Image, n.Agent == nil || *n.Agent
	}
	if i := f.Topology.Imported; i != nil && i.images[v.Name] != "" {
		return i.images[v.Name], true
	}
	if i := f.imageRule(v); i >= 0 {
		return f.Images[i].Image, f.Images[i].Agent
	}
	return "", true
}

// imageRule is the index of the element of images that is for a host; -1 where none is.
func (f *File) imageRule(v *topology.Vertex) int {
	for _, name := range []string{v.Name, v.Class, v.Model} {
		if i := slices.IndexFunc(f.Images, func(r Image) bool { return r.Name == name }); i >= 0 {
			return i
		}
	}
	return -1
}

// Agentless lists the hosts of t, in its order, and the cloud last, in which no agent runs.
func (s *Scenario) Agentless(t *topology.Topology) []topology.ID {
	return slices.DeleteFunc(t.Attached(), func(id topology.ID) bool {
		_, agent := s.ImageOf(&t.Vertices[id])
		return agent
	})
}
