package topology

import "strings"

// The classes that Classify gives to vertices other than hosts; hosts are of the class of their model.
const (
	ClassAccess      = "access"       // a host's own link
	ClassWLAN        = "wlan"         // a shared medium
	ClassBusinessISP = "business-isp" // premises to an exchange, up or down
	ClassMobileISP   = "mobile-isp"   // a medium's backhaul to an exchange, up or down
	ClassFibre       = "fibre"        // a cloudlet to an exchange, up or down
	ClassCloudlet    = "cloudlet"     // a cloudlet to its premises, up or down
	ClassTrunk       = "trunk"        // a duplex link between switches or exchanges
	ClassSwitch      = "switch"
	ClassExchange    = "exchange"
)

// Classify gives each vertex that has no class one by its kind and its place in the graph: hosts that of
// their model (or type), links those of the constants above. Scenarios address link properties by class.
func (t *Topology) Classify() {
	var incoming [][]Edge
	for i := range t.Vertices {
		v := &t.Vertices[i]
		if v.Class != "" {
			continue
		}
		if incoming == nil {
			incoming = t.reverse()
		}
		v.Class = t.classOf(ID(i), incoming)
	}
}

func (t *Topology) classOf(id ID, incoming [][]Edge) string {
	v := &t.Vertices[id]
	switch {
	case v.Kind == Host && v.Model != "":
		return v.Model
	case v.Kind == Host && v.Type != "":
		return v.Type
	case v.Kind == Cloud:
		return CloudClass
	case v.Kind == Host, v.Kind == Switch, v.Kind == Exchange:
		return v.Kind.String()
	case v.LinkType == Shared:
		return ClassWLAN
	}
	near := append(append([]Edge(nil), t.Adjacency[id]...), incoming[id]...)
	switch {
	case t.any(near, func(n *Vertex) bool { return n.Kind == Host }):
		return ClassAccess
	case v.LinkType == Duplex:
		return ClassTrunk
	case !t.any(near, func(n *Vertex) bool { return n.Kind == Exchange }):
		return ClassCloudlet
	case t.any(near, func(n *Vertex) bool { return n.Kind == Link && n.LinkType == Shared }):
		return ClassMobileISP
	case t.any(near, func(n *Vertex) bool { return strings.HasPrefix(n.Name, "switch_cloudlet") }):
		return ClassFibre
	}
	return ClassBusinessISP
}

func (t *Topology) any(edges []Edge, is func(*Vertex) bool) bool {
	for _, e := range edges {
		if is(&t.Vertices[e.To]) {
			return true
		}
	}
	return false
}
