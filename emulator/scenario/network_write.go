package scenario

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/units"
)

// WriteNetwork writes a network as the section topology of a scenario, nodes and links written out, which Parse reads
// as the same network. What was derived, and what differs from the file, stands in comments beside it. The error is the
// writer's.
func WriteNetwork(to io.Writer, n *network.Network) error {
	out := &printer{bufio.NewWriter(to)}
	out.printf("topology:\n  nodes:\n")
	for i := range n.Nodes {
		m := &n.Nodes[i]
		out.printf("    %s: {%s}%s\n", spelled(m.Name), nodeKeys(m), remark(m.Note))
	}
	if len(n.Links) > 0 {
		out.printf("  links:\n")
	}
	for i := range n.Links {
		l := &n.Links[i]
		notes := l.Notes
		if ports := portNames(l); ports != "" {
			notes = append([]string{ports}, notes...)
		}
		out.printf("    - {%s}%s\n", linkKeys(l), remark(strings.Join(notes, "; ")))
	}
	return out.Flush()
}

// remark is a comment; empty: there is nothing to say.
func remark(text string) string {
	if text == "" {
		return ""
	}
	return "  # " + printable.Line(text)
}

func portNames(l *network.Joint) string {
	var all []string
	for i, port := range l.Ports {
		if port != "" {
			all = append(all, l.Ends[i]+":"+port)
		}
	}
	return strings.Join(all, " ")
}

func nodeKeys(m *network.Made) string {
	keys := []string{"kind: " + m.Kind.String()}
	add := func(key, value string) {
		if value != "" {
			keys = append(keys, key+": "+spelled(value))
		}
	}
	if m.Kind == topology.Host {
		add("class", m.Class)
		if m.Model != m.Class {
			add("model", m.Model)
		}
		add("arch", m.Arch)
		keys = append(keys, "memory: "+formatSize(float64(m.Memory)),
			"cpu: "+strconv.FormatFloat(float64(m.CPU)/1000, 'f', -1, 64))
		if m.Image != "" {
			keys = append(keys, "image: "+strconv.Quote(m.Image))
		}
	}
	return strings.Join(keys, ", ")
}

func linkKeys(l *network.Joint) string {
	var keys []string
	if !l.Plain {
		keys = append(keys, "name: "+spelled(l.Name))
	}
	if l.Type != topology.Duplex {
		keys = append(keys, "type: "+l.Type.String())
	}
	if l.Class != "" {
		keys = append(keys, "class: "+spelled(l.Class))
	}
	ends := make([]string, len(l.Ends))
	for i, e := range l.Ends {
		ends[i] = spelled(e)
	}
	keys = append(keys, "endpoints: ["+strings.Join(ends, ", ")+"]")
	return strings.Join(append(keys, shapeKeys(&l.Shape, l.Type)...), ", ")
}

// shapeKeys are what the directions of a link have; what is not limited, and zero, is left out.
func shapeKeys(s *[2]topology.Shape, of topology.LinkType) []string {
	var keys []string
	up, down := s[0], s[1]
	if of != topology.Duplex {
		down = up
	}
	add := func(key string, a, b string, absent bool) {
		switch {
		case absent:
		case a == b:
			keys = append(keys, key+": "+a)
		case a == "":
			keys = append(keys, fmt.Sprintf("%s: {down: %s}", key, b))
		case b == "":
			keys = append(keys, fmt.Sprintf("%s: {up: %s}", key, a))
		default:
			keys = append(keys, fmt.Sprintf("%s: {up: %s, down: %s}", key, a, b))
		}
	}
	rate := func(r units.BitRate) string {
		if r == 0 {
			return ""
		}
		return r.String()
	}
	add("rate", rate(up.Rate), rate(down.Rate), up.Rate == 0 && down.Rate == 0)
	duration := func(key string, a, b time.Duration) { add(key, a.String(), b.String(), a == 0 && b == 0) }
	duration("delay", up.Delay, down.Delay)
	duration("jitter", up.Jitter, down.Jitter)
	share := func(key string, a, b float64) {
		text := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
		add(key, text(a), text(b), a == 0 && b == 0)
	}
	share("loss", up.Loss, down.Loss)
	share("reorder", up.Reorder, down.Reorder)
	share("duplicate", up.Duplicate, down.Duplicate)
	share("corrupt", up.Corrupt, down.Corrupt)
	size := func(b units.ByteSize) string {
		if b == 0 {
			return ""
		}
		return formatSize(float64(b))
	}
	mtu := strconv.Itoa((&topology.Vertex{Shape: *s}).MTU())
	add("mtu", mtu, mtu, s[0].MTU == 0 && s[1].MTU == 0)
	add("queue", size(up.Queue), size(down.Queue), up.Queue == 0 && down.Queue == 0)
	return keys
}
