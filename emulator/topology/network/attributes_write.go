package network

import (
	"strconv"
	"time"

	"testbed/emulator/topology"
)

// Pair is an attribute to be written.
type Pair struct{ Name, Text string }

// NodeAttributes are those by which Builder.Node reads a node.
func NodeAttributes(m *Made) []Pair {
	pairs := []Pair{{"label", m.Name}, {"kind", m.Kind.String()}}
	add := func(name, text string, given bool) {
		if given {
			pairs = append(pairs, Pair{name, text})
		}
	}
	add("class", m.Class, m.Class != "")
	add("model", m.Model, m.Model != "")
	add("arch", m.Arch, m.Arch != "")
	add("memory", m.Memory.String(), m.Memory > 0)
	add("cpu", strconv.FormatFloat(float64(m.CPU)/1000, 'f', -1, 64), m.CPU > 0)
	add("image", m.Image, m.Image != "")
	return pairs
}

// LinkAttributes are those by which Attributes.Shape reads a link: those of the first direction and, where they differ,
// of the direction back. A rate that is not limited is left out.
func LinkAttributes(l *Joint) []Pair {
	pairs := []Pair{{"name", l.Name}}
	if l.Class != "" {
		pairs = append(pairs, Pair{"class", l.Class})
	}
	pairs = append(pairs, shapePairs(&l.Shape[0], &topology.Shape{}, "", true)...)
	if l.Shape[0].MTU > 0 || l.Shape[1].MTU > 0 {
		pairs = append(pairs, Pair{"mtu", strconv.Itoa((&topology.Vertex{Shape: l.Shape}).MTU())})
	}
	if l.Type == topology.Duplex && l.Shape[1] != l.Shape[0] { // shapePairs leaves the MTU, which is both directions'
		pairs = append(pairs, shapePairs(&l.Shape[1], &l.Shape[0], ".down", false)...)
	}
	return pairs
}

// shapePairs are what a shape has that another has not. A rate without a limit is called so, where the other has one.
func shapePairs(s, other *topology.Shape, suffix string, delay bool) []Pair {
	var pairs []Pair
	add := func(name, text string, differs bool) {
		if differs {
			pairs = append(pairs, Pair{name + suffix, text})
		}
	}
	rate := s.Rate.String()
	if s.Rate == 0 {
		rate = Unlimited
	}
	add("rate", rate, s.Rate != other.Rate || delay)
	duration := func(name string, a, b time.Duration) { add(name, a.String(), a != b || delay && name == "delay") }
	duration("delay", s.Delay, other.Delay)
	duration("jitter", s.Jitter, other.Jitter)
	share := func(name string, a, b float64) { add(name, strconv.FormatFloat(100*a, 'g', -1, 64)+"%", a != b) }
	share("loss", s.Loss, other.Loss)
	share("reorder", s.Reorder, other.Reorder)
	share("duplicate", s.Duplicate, other.Duplicate)
	share("corrupt", s.Corrupt, other.Corrupt)
	add("queue", s.Queue.String(), s.Queue != other.Queue)
	return pairs
}

// Unlimited is the rate of a link that has no limit.
const Unlimited = "unlimited"
