package topology

import (
	"fmt"
	"slices"
	"strings"
)

// Attachment is what joins a host to the network: the edges between At, which is the host's own link or the host
// itself, and To, a switch, an exchange or a shared medium.
type Attachment struct{ At, To ID }

// AttachmentOf finds a host's. Of several, beside links to the cloud, it is the one by the link named; none is named by
// an empty one.
func (t *Topology) AttachmentOf(host ID, link string) (Attachment, error) {
	name := t.Vertices[host].Name
	var found []Attachment
	for _, e := range t.Adjacency[host] {
		v := &t.Vertices[e.To]
		switch {
		case link != "" && v.Name != link, link == "" && t.LeavesEdge(e.To):
		case v.Kind == Link && v.LinkType == Duplex:
			for _, far := range t.Adjacency[e.To] {
				if far.To != host {
					found = append(found, Attachment{e.To, far.To})
				}
			}
		case v.Kind == Link && v.LinkType != Shared:
			return Attachment{}, fmt.Errorf("%s is attached by %s, which has one direction: only duplex links and shared "+
				"media can be left", name, v.Name)
		default:
			found = append(found, Attachment{host, e.To})
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case link != "":
		return Attachment{}, fmt.Errorf("%s is not attached by a link %q; its links are %s", name, link,
			strings.Join(t.attachedBy(host), ", "))
	case len(found) == 0:
		return Attachment{}, fmt.Errorf("%s is attached to nothing", name)
	}
	return Attachment{}, fmt.Errorf("%s is attached by %d links; say which one with link: NAME, of %s", name,
		len(found), strings.Join(t.attachedBy(host), ", "))
}

// attachedBy are the names of what a host is attached by.
func (t *Topology) attachedBy(host ID) (names []string) {
	for _, e := range t.Adjacency[host] {
		names = append(names, t.Vertices[e.To].Name)
	}
	return names
}

// Reattach moves an attachment to another vertex, with its delays; the edges of a copy of the topology that shares
// its adjacency are not touched. It fails where the vertex is none to attach to, or the attachment is not there.
func (t *Topology) Reattach(a Attachment, to ID) error {
	within := func(id ID) bool { return id >= 0 && int(id) < len(t.Vertices) }
	if !within(a.At) || !within(a.To) || !within(to) {
		return fmt.Errorf("there is no vertex %d, %d or %d", a.At, a.To, to)
	}
	if to == a.To {
		return nil
	}
	if v := &t.Vertices[to]; v.Kind.Attached() || v.Kind == Link && v.LinkType != Shared {
		return fmt.Errorf("%s is no switch, exchange or shared medium that could be attached to", v.Name)
	}
	leads := func(from, to ID) int {
		return slices.IndexFunc(t.Adjacency[from], func(e Edge) bool { return e.To == to })
	}
	out, back := leads(a.At, a.To), leads(a.To, a.At)
	if out < 0 || back < 0 {
		return fmt.Errorf("%s is not attached to %s", t.Vertices[a.At].Name, t.Vertices[a.To].Name)
	}
	if leads(a.At, to) >= 0 {
		return fmt.Errorf("%s is attached to %s already; write another place", t.Vertices[a.At].Name, t.Vertices[to].Name)
	}
	t.Adjacency = slices.Clone(t.Adjacency)
	delay := t.Adjacency[a.To][back].Delay
	t.Adjacency[a.At] = slices.Clone(t.Adjacency[a.At])
	t.Adjacency[a.At][out].To = to
	t.Adjacency[a.To] = slices.Delete(slices.Clone(t.Adjacency[a.To]), back, back+1)
	t.Adjacency[to] = append(slices.Clone(t.Adjacency[to]), Edge{To: a.At, Delay: delay})
	return nil
}

// Connected says which hosts, or the cloud, have no path to or from the others; nil: all have.
func (t *Topology) Connected() []error { return t.disconnected() }
