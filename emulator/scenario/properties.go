package scenario

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Properties are what a link does to packets. Absent ones are not changed: the rate is unlimited, the
// queue derived from the paths' bandwidth-delay products, all others are zero.
type Properties struct {
	// Transmission rate, such as 50Mbps. Absent: not limited.
	Rate *Both[units.BitRate] `yaml:"rate"`
	// Propagation delay of one direction, such as 30ms. Absent: none. On synthesized links it is added to the delays
	// drawn.
	Delay *Both[time.Duration] `yaml:"delay" atmost:"delay (delay or rtt)"`
	// Propagation delay of both directions together, such as 60ms: another way to write delay.
	RTT *time.Duration `yaml:"rtt" atmost:"delay (delay or rtt)"`
	// The delay varies by as much as this to either side, uniformly; packets keep their order. At most the delay. Absent:
	// none.
	Jitter *Both[time.Duration] `yaml:"jitter"`
	// Share of packets lost at random, such as 0.1%. Absent: none.
	Loss *Both[Fraction] `yaml:"loss"`
	// Share of packets that overtake the delay and go at once, such as 1%.
	Reorder *Both[Fraction] `yaml:"reorder"`
	// Share of packets that are sent twice, such as 0.1%.
	Duplicate *Both[Fraction] `yaml:"duplicate"`
	// Share of packets of which one bit is flipped, such as 0.1%.
	Corrupt *Both[Fraction] `yaml:"corrupt"`
	// Bytes of the largest IP packet that the link takes, both ways, such as 1400. The router in front of it answers
	// larger ones that may not be cut with ICMP's "fragmentation needed" (IPv6: "packet too big"), and cuts others; a
	// host's interface has the MTU of its link. Absent: 1500.
	MTU *int `yaml:"mtu" min:"1280" max:"1500"`
	// What may wait, such as 256KiB. Absent: two bandwidth-delay products of the longest path, and at least 100 packets;
	// of a link that follows a trace, at least what that carries in its busiest 100 ms.
	Queue *Both[units.ByteSize] `yaml:"queue" min:"1514B"`
}

// Both is a quantity for each direction of a link.
type Both[T any] = units.Both[T]

// wholeKeys are the keys of Properties with a value for both directions together.
var wholeKeys = []string{"rtt", "mtu"}

// propertyKeys are the keys of Properties with a value for each direction.
var propertyKeys = []string{"rate", "delay", "jitter", "loss", "reorder", "duplicate", "corrupt", "queue"}

func (p *Properties) resolve() {
	if p.RTT != nil && p.Delay == nil {
		half := *p.RTT / 2
		p.Delay = &Both[time.Duration]{Up: &half, Down: &half}
	}
	p.RTT = nil
}

// apply sets what p gives on a link: up in the queue that leads away from its first neighbour (or in an
// uplink), down in the other (or in a downlink).
func (p *Properties) apply(v *topology.Vertex) { p.shape(&v.Shape, v.LinkType) }

func (p *Properties) shape(shape *[2]topology.Shape, t topology.LinkType) {
	forward, backward := &shape[0], &shape[1]
	switch t {
	case topology.Downlink:
		forward, backward = &topology.Shape{}, &shape[0]
	case topology.Uplink, topology.Shared:
		backward = &topology.Shape{}
	}
	for _, q := range []*topology.Shape{forward, backward} {
		up := q == forward
		if isGiven(p.Rate, up) {
			q.Trace = 0 // one that is followed would have no effect, or the rate none
		}
		if isGiven(p.Delay, up) || isGiven(p.Jitter, up) {
			if q.Delays != 0 {
				q.Jitter = 0 // that of the distribution
			}
			q.Delays = 0
		}
		set(p.Rate, up, &q.Rate)
		set(p.Delay, up, &q.Delay)
		set(p.Jitter, up, &q.Jitter)
		set(p.Queue, up, &q.Queue)
		if p.MTU != nil {
			q.MTU = *p.MTU
		}
		setFraction(p.Loss, up, &q.Loss)
		setFraction(p.Reorder, up, &q.Reorder)
		setFraction(p.Duplicate, up, &q.Duplicate)
		setFraction(p.Corrupt, up, &q.Corrupt)
	}
}

func set[T any](b *Both[T], up bool, into *T) {
	switch {
	case b == nil:
	case up && b.Up != nil:
		*into = *b.Up
	case !up && b.Down != nil:
		*into = *b.Down
	}
}

func setFraction(b *Both[Fraction], up bool, into *float64) {
	value := Fraction(*into)
	set(b, up, &value)
	*into = float64(value)
}

// Change is Merge for a link of a topology, where the delays of the edges around it count as the link's.
func (p Properties) Change(t *topology.Topology, link topology.ID) error {
	if err := p.Effective(t, link); err != nil {
		return err
	}
	v := t.Vertices[link]
	if err := p.merge(&v.Shape, v.LinkType); err != nil {
		return err
	}
	if p.varies() {
		changed := *t
		changed.Vertices = slices.Clone(t.Vertices)
		changed.Vertices[link] = v
		if errs := changed.CheckJitter([]topology.ID{link}); len(errs) > 0 {
			return errs[0]
		}
	}
	t.Vertices[link] = v
	return nil
}

// Merge changes, of the shape of a link of type t, only what p gives. It fails, and changes nothing, where p
// tells directions apart on a link that has one queue only, and where p gives jitter or delay and the jitter is
// larger than the delay then: all of the delay, for a link of a topology see Change.
func (p Properties) Merge(shape *[2]topology.Shape, t topology.LinkType) error {
	changed := *shape
	if err := p.merge(&changed, t); err != nil {
		return err
	}
	if p.varies() {
		if err := topology.CheckJitter(changed, t, 0); err != nil {
			return err
		}
	}
	*shape = changed
	return nil
}

// varies says whether p gives what jitter is held against, or jitter.
func (p *Properties) varies() bool { return p.Jitter != nil || p.Delay != nil || p.RTT != nil }

// Fits says why a link of type t cannot have the properties, whatever it has besides: p tells directions apart
// and it has one queue only.
func (p Properties) Fits(t topology.LinkType) error {
	var shape [2]topology.Shape
	return p.merge(&shape, t)
}

// MergeUnchecked is Merge for properties that were found to fit, and where jitter is held against the delay later.
func (p Properties) MergeUnchecked(shape *[2]topology.Shape, t topology.LinkType) {
	p.resolve()
	p.shape(shape, t)
}

func (p Properties) merge(shape *[2]topology.Shape, t topology.LinkType) error {
	var errs []error
	if p.RTT != nil && (t == topology.Uplink || t == topology.Downlink) {
		errs = append(errs, fmt.Errorf("rtt: a link of type %s has one direction; write delay", t))
	}
	fits(&errs, "rate", t, p.Rate)
	fits(&errs, "delay", t, p.Delay)
	fits(&errs, "jitter", t, p.Jitter)
	fits(&errs, "loss", t, p.Loss)
	fits(&errs, "reorder", t, p.Reorder)
	fits(&errs, "duplicate", t, p.Duplicate)
	fits(&errs, "corrupt", t, p.Corrupt)
	fits(&errs, "queue", t, p.Queue)
	if err := errors.Join(errs...); err != nil {
		return err
	}
	p.MergeUnchecked(shape, t)
	return nil
}

// fits reports a value for a direction that a link of type t does not have.
func fits[T comparable](errs *[]error, key string, t topology.LinkType, b *Both[T]) {
	if b == nil || t == topology.Duplex || b.Up != nil && b.Down != nil && *b.Up == *b.Down {
		return
	}
	if t == topology.Uplink && b.Down == nil || t == topology.Downlink && b.Up == nil {
		return
	}
	*errs = append(*errs, fmt.Errorf("%s: a link of type %s has one queue; write one value for it", key, t))
}

// IsZero says whether nothing is given.
func (p Properties) IsZero() bool { return p == Properties{} }
