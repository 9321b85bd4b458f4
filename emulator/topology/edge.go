package topology

import "slices"

// LeavesEdge says whether what a link carries leaves the edge, or comes into it: one of its ends is the cloud, or it is
// of the class cloud.
func (t *Topology) LeavesEdge(link ID) bool {
	v := &t.Vertices[link]
	cloud := func(e Edge) bool { return t.Vertices[e.To].Kind == Cloud }
	return v.Kind == Link && (v.Class == CloudClass || slices.ContainsFunc(t.Adjacency[link], cloud))
}

// Outwards says whether a queue of such a link leads out of the edge. Of duplex links that is the direction 0, from the
// first of their ends.
func (t *Topology) Outwards(c Channel) bool {
	return t.Vertices[c.Link].LinkType != Downlink && c.Dir == 0
}
