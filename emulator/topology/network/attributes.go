package network

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"testbed/emulator/topology"
	"testbed/emulator/topology/network/tree"
)

// Attribute is what a graph's file says of a node or an edge by a name.
type Attribute struct {
	Name, Text string
	Line       int
	Other      bool // it is no text, but a list or a map, which nobody reads
}

// Attributes are those of one node or edge, by their names in lower case.
type Attributes map[string]Attribute

// Set keeps an attribute; of several of a name the last.
func (a Attributes) Set(name, text string, line int) {
	a[strings.ToLower(name)] = Attribute{Name: name, Text: strings.TrimSpace(text), Line: line}
}

// Take keeps the values of a map: scalars as attributes, and of all others that they are there.
func (a Attributes) Take(v *tree.Value) {
	if v == nil {
		return
	}
	for i := range v.Keys {
		switch k := &v.Keys[i]; {
		case k.Value.Is(tree.Scalar):
			a.Set(k.Name, k.Value.Text, k.Line)
		case says(k.Value):
			a[strings.ToLower(k.Name)] = Attribute{Name: k.Name, Line: k.Line, Other: true}
		}
	}
}

// Text is what is said; empty: nothing.
func (a Attributes) Text(name string) string { return a[strings.ToLower(name)].Text }

// has says whether something is said.
func (a Attributes) has(name string) bool { return a.Text(name) != "" }

// attributeReader reads attributes and keeps the first error.
type attributeReader struct {
	of  Attributes
	err error
}

// read hands the text of an attribute, where there is one, to a function.
func (r *attributeReader) read(name string, take func(text string) error) bool {
	a := r.of[strings.ToLower(name)]
	if a.Text == "" || r.err != nil {
		return false
	}
	if err := take(a.Text); err != nil {
		r.err = Failf(a.Line, "%s: %w", a.Name, err)
		return false
	}
	return true
}

// Quantity is a reader of a text that keeps what parse gives.
func Quantity[T any](into *T, parse func(string) (T, error)) func(string) error {
	return func(text string) error {
		value, err := parse(text)
		if err == nil {
			*into = value
		}
		return err
	}
}

// Shape reads what the attributes of an edge say of a link, by the names that these use: this program (rate, delay,
// jitter, loss, reorder, duplicate, corrupt, queue, each with its unit, and with .down for the direction back, and mtu,
// of both), the Internet Topology Zoo (LinkSpeedRaw in bit/s, LinkSpeed with LinkSpeedUnits, LinkLabel) and Mininet (bw
// in Mbit/s, loss in percent, max_queue_size in packets). capacity, bandwidth and latency are read where they have a
// unit.
func (a Attributes) Shape(l *Link) error {
	r := &attributeReader{of: a}
	var s Shape
	r.rate(l, &s)
	r.delay(&s)
	r.rest(l, &s, "")
	r.mtu(l, &s)
	unused := func(has bool, doubt string) {
		if has && doubt != "" {
			l.Notes = append(l.Notes, "not used: "+doubt)
		}
	}
	unused(s.HasRate, s.Doubt)
	unused(s.HasDelay, s.DelayDoubt)
	l.Both(s)
	r.backward(l)
	return r.err
}

func (r *attributeReader) rate(l *Link, s *Shape) {
	s.HasRate = r.read("rate", Quantity(&s.Rate, Rate)) ||
		r.read("LinkSpeedRaw", func(text string) error {
			bps, err := Number(text)
			if err == nil {
				s.Rate, err = BitRate(bps)
			}
			return err
		}) || r.read("bw", func(text string) (err error) {
		s.Rate, err = RateIn(text, 1e6)
		return err
	}) || r.linkSpeed(s)
	for _, name := range []string{"bandwidth", "capacity"} {
		if text := r.of.Text(name); !s.HasRate && text != "" {
			if bare(text) {
				s.Doubt = unitless(s.Doubt, name, text)
				continue
			}
			s.HasRate = r.read(name, Quantity(&s.Rate, Rate))
		}
	}
	if !s.HasRate {
		s.HasRate = r.label(l, s)
	}
}

// linkSpeed is the rate of LinkSpeed, whose unit LinkSpeedUnits has: K, M, G or T.
func (r *attributeReader) linkSpeed(s *Shape) bool {
	return r.read("LinkSpeed", func(text string) error {
		prefix := strings.ToLower(r.of.Text("LinkSpeedUnits"))
		times, known := prefixes[prefix]
		if !known || prefix == "" {
			return fmt.Errorf("its LinkSpeedUnits are %s, none of K, M, G and T", Shown(prefix))
		}
		x, err := Number(text)
		if err == nil {
			s.Rate, err = BitRate(x * times)
		}
		return err
	})
}

// label is the rate that the label states. An edge whose label is E1 may be called so.
func (r *attributeReader) label(l *Link, s *Shape) bool {
	for _, name := range []string{"LinkLabel", "label"} {
		text := r.of.Text(name)
		of := readLabel(text)
		if of.rate > 0 && name == "label" && len(text) <= len("E-1") && strings.ContainsAny(text[:1], "eEtT") {
			of = label{doubt: "may be a name"}
		}
		switch {
		case of.rate > 0:
			s.Rate = of.rate
			l.Notes = append(l.Notes, "rate: stated by the label "+Shown(text))
			return true
		case of.doubt != "":
			s.Range, s.Doubt = of.bound, doubts(s.Doubt, "its label %s %s", Shown(text), of.doubt)
		}
	}
	return false
}

// doubts are what is said already of why a value is missing, and one more.
func doubts(before, format string, args ...any) string {
	if before != "" {
		before += ", and "
	}
	return before + fmt.Sprintf(format, args...)
}

func unitless(before, name, text string) string {
	return doubts(before, "its %s %s has no unit", name, Shown(text))
}

func (r *attributeReader) delay(s *Shape) {
	for _, name := range []string{"delay", "latency"} {
		if text := r.of.Text(name); text != "" && !s.HasDelay {
			if bare(text) && !zero(text) {
				s.DelayDoubt = unitless(s.DelayDoubt, name, text)
				continue
			}
			s.HasDelay = r.read(name, Quantity(&s.Delay, Duration))
		}
	}
}

// rest reads what a link may have besides rate and delay, by names with a suffix.
func (r *attributeReader) rest(l *Link, s *Shape, suffix string) {
	mininet := r.of.has("bw") || r.of.has("max_queue_size")
	share := func(text string) (float64, error) {
		if !strings.HasSuffix(text, "%") && !mininet && !zero(text) {
			return 0, fmt.Errorf("%s has no unit; write it as %s%%, if percent is meant", Shown(text), text)
		}
		return Percent(text)
	}
	read := func(name string, has *bool, take func(text string) error) { *has = r.read(name+suffix, take) || *has }
	read("jitter", &s.HasJitter, Quantity(&s.Jitter, Duration))
	read("loss", &s.HasLoss, Quantity(&s.Loss, share))
	read("reorder", &s.HasReorder, Quantity(&s.Reorder, share))
	read("duplicate", &s.HasDuplicate, Quantity(&s.Duplicate, share))
	read("corrupt", &s.HasCorrupt, Quantity(&s.Corrupt, share))
	read("queue", &s.HasQueue, Quantity(&s.Queue, Size))
	if suffix == "" && r.read("max_queue_size", Quantity(&s.Queue, Packets)) {
		s.HasQueue = true
		l.Notes = append(l.Notes, QueueNote(r.of.Text("max_queue_size")))
	}
}

// mtu reads the largest packet of a link, in both directions. Those of Ethernet's jumbo frames are more than links have
// here.
func (r *attributeReader) mtu(l *Link, s *Shape) {
	s.HasMTU = r.read("mtu", func(text string) error {
		n, err := strconv.Atoi(text)
		switch {
		case err != nil || n < topology.MinimumMTU:
			return fmt.Errorf("%s is not a whole number from %d on", Shown(text), topology.MinimumMTU)
		case n > topology.MaximumMTU:
			l.Notes = append(l.Notes, fmt.Sprintf("mtu: %d, taken for %d", n, topology.MaximumMTU))
		case n < topology.MaximumMTU:
			s.MTU = n
		}
		return nil
	})
}

// QueueNote says what became of a queue of so many packets.
func QueueNote(packets string) string {
	return fmt.Sprintf("queue: %s packets, taken for as many of 1514 bytes", Shown(packets))
}

// backward reads what differs for the direction back.
func (r *attributeReader) backward(l *Link) {
	s := &l.Shape[1]
	s.HasRate = r.read("rate"+downSuffix, Quantity(&s.Rate, Rate)) || s.HasRate
	s.HasDelay = r.read("delay"+downSuffix, Quantity(&s.Delay, Duration)) || s.HasDelay
	r.rest(l, s, downSuffix)
}

// Place is where a node is, by Latitude and Longitude in degrees; nil: not known.
func (a Attributes) Place() (*Position, error) {
	lat, long := a["latitude"], a["longitude"]
	if lat.Text == "" && long.Text == "" {
		lat, long = a["lat"], cmp.Or(a["lon"], a["lng"], a["long"])
	}
	if lat.Text == "" || long.Text == "" {
		return nil, nil
	}
	p, err := NewPosition(lat.Text, long.Text)
	if err != nil {
		return nil, Failf(lat.Line, "%w", err)
	}
	return p, nil
}
