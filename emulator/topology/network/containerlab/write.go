package containerlab

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
)

// image is that of hosts which run none of the user's own.
const image = "alpine:3"

// Write writes a network as a lab. Hosts and the cloud are of kind linux, what forwards and media are bridges, and two
// links of one direction to and fro are one link. What links do to packets, containerlab's files do not say: it is in
// their vars and in bridges' labels, which Parse reads, and as commands in comments.
func Write(w io.Writer, n *network.Network) error {
	lab := &lab{Writer: bufio.NewWriter(w), name: n.Name, ports: map[string]int{}, host: map[string]bool{},
		taken: map[string]bool{}}
	lab.printf("name: %s\ntopology:\n  nodes:\n", strconv.Quote(n.Name))
	for i := range n.Nodes {
		lab.node(n, &n.Nodes[i])
	}
	for i := range n.Links {
		if l := &n.Links[i]; l.Type == topology.Shared {
			lab.medium(l)
		}
	}
	if len(n.Links) > 0 {
		lab.printf("  links:\n")
	}
	var errs []error
	back, second := opposites(n.Links)
	for i := range n.Links {
		if !second[i] {
			errs = append(errs, lab.link(n, i, back))
		}
	}
	lab.comments(n.Notes)
	return errors.Join(append(errs, lab.Flush())...)
}

// opposites finds, of links of one direction, pairs between the same nodes to and fro: of the first the second, and
// which are the second of a pair.
func opposites(links []network.Joint) (back map[int]int, second map[int]bool) {
	back, second = map[int]int{}, map[int]bool{}
	open := map[[2]string][]int{} // those without a partner so far, by their ends
	for i := range links {
		l := &links[i]
		if l.Type != topology.Uplink && l.Type != topology.Downlink {
			continue
		}
		ends, opposite := [2]string{l.Ends[0], l.Ends[1]}, [2]string{l.Ends[1], l.Ends[0]}
		waiting := open[opposite]
		if len(waiting) > 0 && links[waiting[0]].Shape[0].MTU == l.Shape[0].MTU { // a lab's links have one for both
			back[waiting[0]], second[i], open[opposite] = i, true, waiting[1:]
		} else {
			open[ends] = append(open[ends], i)
		}
	}
	return back, second
}

// lab keeps the first error of writing until Flush.
type lab struct {
	*bufio.Writer
	name     string
	ports    map[string]int // used, by node
	host     map[string]bool
	taken    map[string]bool // names of bridges' interfaces, which are devices of one namespace
	bridged  int             // names that were made up for these
	unshaped []string        // media and what of them no bridge does
	commands []string
	untold   []string // routes that no command can be given for
}

func (w *lab) printf(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// node writes a host, the cloud or what forwards.
func (w *lab) node(n *network.Network, m *network.Made) {
	usual := topology.Switch
	if w.host[m.Name] = m.Kind.Attached(); w.host[m.Name] {
		usual = topology.Host
	}
	pairs := slices.DeleteFunc(network.NodeAttributes(m), func(p network.Pair) bool {
		return p.Name == "label" || p.Name == "image" || p.Name == "kind" && p.Text == usual.String()
	})
	if !w.host[m.Name] {
		w.taken[m.Name] = true
		w.printf("    %s: {kind: bridge%s}\n", strconv.Quote(m.Name), labels(pairs))
		return
	}
	w.printf("    %s: {kind: linux, image: %s%s%s}\n", strconv.Quote(m.Name), strconv.Quote(cmp.Or(m.Image, image)),
		labels(pairs), w.commandsIn(n, m))
}

// medium writes a bridge that Parse takes for a medium.
func (w *lab) medium(l *network.Joint) {
	w.taken[l.Name] = true
	pairs := []network.Pair{{Name: "kind", Text: "medium"}}
	var does []string
	for _, p := range network.LinkAttributes(l) {
		if p.Name != "name" {
			pairs = append(pairs, p)
		}
		if p.Name != "name" && p.Name != "class" {
			does = append(does, p.Name+" "+p.Text)
		}
	}
	w.printf("    %s: {kind: bridge%s}\n", strconv.Quote(l.Name), labels(pairs))
	if l.Shape[0] != (topology.Shape{}) {
		w.unshaped = append(w.unshaped, l.Name+": "+strings.Join(does, ", "))
	}
}

// labels is the key of a node with what the format has no word for.
func labels(pairs []network.Pair) string {
	if len(pairs) == 0 {
		return ""
	}
	texts := make([]string, len(pairs))
	for i, p := range pairs {
		texts[i] = Label + p.Name + ": " + strconv.Quote(p.Text)
	}
	return ", labels: {" + strings.Join(texts, ", ") + "}"
}

// port is the next interface of a node: eth1 and so on, those of bridges with their name as far as it goes, for bridges
// are devices of one namespace.
func (w *lab) port(node string) string {
	w.ports[node]++
	if w.host[node] {
		return "eth" + strconv.Itoa(w.ports[node])
	}
	name := fmt.Sprintf("%.8s-%d", node, w.ports[node])
	for w.taken[name] {
		w.bridged++
		name = fmt.Sprintf("br-%d", w.bridged)
	}
	w.taken[name] = true
	return name
}

// link writes a link: of a medium one from each station to its bridge, and of two of one direction, to and fro, one for
// both. containerlab has none of one direction alone.
func (w *lab) link(n *network.Network, i int, back map[int]int) error {
	l := &n.Links[i]
	second, two := back[i]
	switch {
	case l.Type == topology.Shared:
		for _, end := range l.Ends {
			port, _ := w.between(end, l.Name, nil)
			w.command(end, port, &l.Shape[0])
		}
		return nil
	case l.Type != topology.Duplex && !two:
		return fmt.Errorf("the link %s: containerlab has no link of one direction, and there is none back from %s to %s; "+
			"write GraphML", l.Name, l.Ends[1], l.Ends[0])
	case two:
		l = joined(l, &n.Links[second])
	}
	vars := network.LinkAttributes(l)
	if two {
		vars = append(vars, network.Pair{Name: backName, Text: n.Links[second].Name})
		if class := n.Links[second].Class; class != "" {
			vars = append(vars, network.Pair{Name: backClass, Text: class})
		}
	}
	a, b := w.between(l.Ends[0], l.Ends[1], vars)
	w.command(l.Ends[0], a, &l.Shape[0])
	w.command(l.Ends[1], b, &l.Shape[1])
	return nil
}

// joined is a duplex link that does what two of one direction do.
func joined(there, back *network.Joint) *network.Joint {
	both := *there
	both.Type, both.Shape = topology.Duplex, [2]topology.Shape{there.Shape[0], back.Shape[0]}
	return &both
}

func (w *lab) between(a, b string, vars []network.Pair) (portA, portB string) {
	portA, portB = w.port(a), w.port(b)
	w.printf("    - endpoints: [%s, %s]\n", strconv.Quote(a+":"+portA), strconv.Quote(b+":"+portB))
	if len(vars) > 0 {
		texts := make([]string, len(vars))
		for i, p := range vars {
			texts[i] = p.Name + ": " + strconv.Quote(p.Text)
		}
		w.printf("      vars: {%s}\n", strings.Join(texts, ", "))
	}
	return portA, portB
}

// command keeps the command that gives an interface of a container what leaves by it.
func (w *lab) command(node, port string, s *topology.Shape) {
	flags := ""
	if s.Delay > 0 {
		flags += fmt.Sprintf(" --delay %s", s.Delay)
	}
	if s.Jitter > 0 {
		flags += fmt.Sprintf(" --jitter %s", s.Jitter)
	}
	if s.Loss > 0 {
		flags += fmt.Sprintf(" --loss %g", 100*s.Loss)
	}
	if s.Corrupt > 0 {
		flags += fmt.Sprintf(" --corruption %g", 100*s.Corrupt)
	}
	if s.Rate > 0 {
		flags += fmt.Sprintf(" --rate %d", max(1, s.Rate/1000))
	}
	if flags != "" && w.host[node] {
		w.commands = append(w.commands,
			fmt.Sprintf("containerlab tools netem set -n clab-%s-%s -i %s%s", w.name, node, port, flags))
	}
}

// commandsIn is the key exec of a host: what gives it its further addresses and its routes. A route leads to an address
// of the other host in a network that both are in; where there is none, as addresses of the lab's own are not known
// here, it is told in a comment.
func (w *lab) commandsIn(n *network.Network, m *network.Made) string {
	var all []string
	for _, a := range m.Addresses {
		all = append(all, fmt.Sprintf("ip address add %v dev eth1", a))
	}
	if m.Forwards {
		all = append(all, "sysctl -w net.ipv4.ip_forward=1", "sysctl -w net.ipv6.conf.all.forwarding=1")
	}
	for _, r := range m.Routes {
		if at, known := gateway(n, m, r); known {
			all = append(all, fmt.Sprintf("ip route add %v via %v", r.To, at))
		} else {
			w.untold = append(w.untold, fmt.Sprintf("%s: ip route add %v via an address of %s", m.Name, r.To, r.Via))
		}
	}
	if len(all) == 0 {
		return ""
	}
	for i, c := range all {
		all[i] = strconv.Quote(c)
	}
	return ", exec: [" + strings.Join(all, ", ") + "]"
}

// gateway is the address by which a host reaches the one that a route names: of the route's version of IP, in a network
// of the host's further addresses.
func gateway(n *network.Network, m *network.Made, r network.RouteTo) (netip.Addr, bool) {
	for i := range n.Nodes {
		if n.Nodes[i].Name != r.Via {
			continue
		}
		for _, a := range n.Nodes[i].Addresses {
			in := func(own netip.Prefix) bool { return own.Contains(a.Addr()) }
			if a.Addr().Is4() == r.To.Addr().Is4() && slices.ContainsFunc(m.Addresses, in) {
				return a.Addr(), true
			}
		}
	}
	return netip.Addr{}, false
}

// comments writes what the lab does not do by itself: routes, what media do, and the commands. Bridges are no
// containers, and what leaves by their interfaces has none.
func (w *lab) comments(notes []string) {
	for _, part := range []struct {
		head  string
		lines []string
	}{
		{"What this file does not say:", notes},
		{"Routes, for which the addresses that the lab gives have to be known:", w.untold},
		{"What stations of media share, which bridges do not have:", w.unshaped},
		{"What hosts' interfaces do to packets, once the lab is deployed (rates in kbit/s):", w.commands},
	} {
		if len(part.lines) > 0 {
			w.printf("# %s\n", part.head)
		}
		for _, line := range part.lines {
			w.printf("#   %s\n", printable.Line(line))
		}
	}
}
