package containerlab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
)

// image is that of hosts which run none of the user's own.
const image = "alpine:3"

// Write writes a network as a lab. Hosts are of kind linux, what forwards and media are bridges. What links do to
// packets, containerlab's files do not say: it is in their vars, which Parse reads, and as commands in comments.
func Write(w io.Writer, n *network.Network) error {
	lab := &lab{Writer: bufio.NewWriter(w), name: n.Name, ports: map[string]int{}, host: map[string]bool{}}
	lab.printf("name: %s\ntopology:\n  nodes:\n", strconv.Quote(n.Name))
	for i := range n.Nodes {
		m := &n.Nodes[i]
		if lab.host[m.Name] = m.Kind == topology.Host || m.Kind == topology.Cloud; !lab.host[m.Name] {
			lab.printf("    %s: {kind: bridge}\n", strconv.Quote(m.Name))
			continue
		}
		of := m.Image
		if of == "" {
			of = image
		}
		lab.printf("    %s: {kind: linux, image: %s%s}\n", strconv.Quote(m.Name), strconv.Quote(of), lab.commandsIn(n, m))
	}
	var errs []error
	for i := range n.Links {
		if l := &n.Links[i]; l.Type == topology.Shared {
			lab.printf("    %s: {kind: bridge}\n", strconv.Quote(l.Name))
		}
	}
	if len(n.Links) > 0 {
		lab.printf("  links:\n")
	}
	for i := range n.Links {
		errs = append(errs, lab.link(&n.Links[i]))
	}
	lab.impairments()
	return errors.Join(append(errs, lab.Flush())...)
}

// lab keeps the first error of writing until Flush.
type lab struct {
	*bufio.Writer
	name     string
	ports    map[string]int // used, by node
	host     map[string]bool
	commands []string
	untold   []string // routes that no command can be given for
}

func (w *lab) printf(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// port is the next interface of a node: eth1 and so on, those of bridges with their name, for bridges are devices of
// one namespace.
func (w *lab) port(node string) string {
	w.ports[node]++
	if w.host[node] {
		return "eth" + strconv.Itoa(w.ports[node])
	}
	return fmt.Sprintf("%.8s-%d", node, w.ports[node])
}

// link writes a link or, of a medium, one from each station to its bridge. containerlab has none of one direction.
func (w *lab) link(l *network.Joint) error {
	switch l.Type {
	case topology.Shared:
		if l.Shape[0] != (topology.Shape{}) {
			return fmt.Errorf("the link %s: containerlab has no medium that its stations share, with one rate for all; "+
				"write GraphML", l.Name)
		}
		for _, end := range l.Ends {
			w.between(end, l.Name, nil)
		}
		return nil
	case topology.Uplink, topology.Downlink:
		return fmt.Errorf("the link %s: containerlab has no link of one direction; write GraphML", l.Name)
	}
	a, b := w.between(l.Ends[0], l.Ends[1], network.LinkAttributes(l))
	w.command(l.Ends[0], a, &l.Shape[0])
	w.command(l.Ends[1], b, &l.Shape[1])
	return nil
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

// impairments writes the commands; bridges are no containers, and what leaves by their interfaces has none.
func (w *lab) impairments() {
	if len(w.untold) > 0 {
		w.printf("# Routes, for which the addresses that the lab gives have to be known:\n")
	}
	for _, c := range w.untold {
		w.printf("#   %s\n", c)
	}
	if len(w.commands) == 0 {
		return
	}
	w.printf("# What hosts' interfaces do to packets, once the lab is deployed (rates in kbit/s):\n")
	for _, c := range w.commands {
		w.printf("#   %s\n", c)
	}
}
