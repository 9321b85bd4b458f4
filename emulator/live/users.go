package live

import (
	"testbed/emulator/fabric"
	"testbed/emulator/live/sampler"
	"testbed/emulator/topology"
)

// Users names who transmits through each queue of a topology's links, by the link's name and the direction.
type Users map[string][2]string

// UsersOf are the users of a topology's links.
func UsersOf(t *topology.Topology) Users {
	all := Users{}
	for _, c := range fabric.Channels(t) {
		entry := all[t.Vertices[c.Link].Name]
		entry[c.Dir] = fabric.Users(t, c)
		all[t.Vertices[c.Link].Name] = entry
	}
	return all
}

// Links are the most used links of a snapshot, at most so many, the most used first.
func (u Users) Links(s sampler.Snapshot, most int) []Link {
	links := []Link{}
	for _, l := range s.Links[:min(most, len(s.Links))] {
		links = append(links, Link{Link: l.Link, Dir: l.Dir, From: u[l.Link][l.Dir], Use: l.Utilisation, Rate: l.BitRate})
	}
	return links
}
