package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/bpf"
)

// Offsets in an Ethernet frame.
const (
	etherBytes = 14
	typeAt     = 12
	fragmentAt = etherBytes + 6
	protocol4  = etherBytes + 9
	source4    = etherBytes + 12
	dest4      = etherBytes + 16
	protocol6  = etherBytes + 6
	source6    = etherBytes + 8
	dest6      = etherBytes + 24
	ports6     = etherBytes + 40
)

var protocols = map[string]uint32{"icmp": 1, "tcp": 6, "udp": 17, "icmp6": 58, "ospf": 89, "sctp": 132}

var (
	isIP4  = equal(typeAt, 2, 0x0800)
	isIP6  = equal(typeAt, 2, 0x86dd)
	isARP  = equal(typeAt, 2, 0x0806)
	group  = test{at: 0, size: 1, mask: 1, is: bpf.JumpNotEqual}
	toAll  = all(equal(0, 4, 0xffffffff), equal(4, 2, 0xffff))
	simple = map[string]any{
		"ip": isIP4, "ip6": isIP6, "arp": isARP, "multicast": group, "broadcast": toAll,
		"tcp": carries("tcp"), "udp": carries("udp"), "icmp": all(isIP4, equal(protocol4, 1, 1)),
		"icmp6": all(isIP6, equal(protocol6, 1, 58)),
	}
)

func equal(at, size, value uint32) test {
	return test{at: at, size: size, is: bpf.JumpEqual, value: value}
}

func carries(name string) any { return protocol(protocols[name]) }

func protocol(n uint32) any {
	return any2(all(isIP4, equal(protocol4, 1, n)), all(isIP6, equal(protocol6, 1, n)))
}

// words splits an expression: parentheses, !, && and || stand for themselves.
func words(text string) []string {
	for _, mark := range []string{"(", ")", "!", "&&", "||"} {
		text = strings.ReplaceAll(text, mark, " "+mark+" ")
	}
	return strings.Fields(text)
}

// mostDeep bounds how deep parentheses and negations are nested.
const mostDeep = 100

type parser struct {
	words []string
	at    int
	deep  int
	names Names
}

// next is the next word, and takes it; empty: there is none.
func (p *parser) next() string {
	word := p.peek()
	p.at++
	return word
}

func (p *parser) peek() string {
	if p.at < len(p.words) {
		return p.words[p.at]
	}
	return ""
}

// have takes the next word where it is one of these.
func (p *parser) have(words ...string) bool {
	if p.at >= len(p.words) || !slices.Contains(words, p.peek()) {
		return false
	}
	p.at++
	return true
}

func (p *parser) expression() (any, error) {
	left, err := p.factor()
	for err == nil {
		var right any
		switch {
		case p.have("and", "&&"):
			right, err = p.factor()
			left = and{left, right}
		case p.have("or", "||"):
			right, err = p.factor()
			left = or{left, right}
		default:
			return left, nil
		}
	}
	return nil, err
}

func (p *parser) factor() (any, error) {
	if p.deep++; p.deep > mostDeep {
		return nil, fmt.Errorf("it is nested more than %d deep", mostDeep)
	}
	defer func() { p.deep-- }()
	switch {
	case p.have("not", "!"):
		of, err := p.factor()
		return not{of}, err
	case p.have("("):
		x, err := p.expression()
		if err == nil && !p.have(")") {
			err = errors.New("a ( has no )")
		}
		return x, err
	}
	return p.primitive()
}

func (p *parser) primitive() (any, error) {
	word := p.next()
	switch word {
	case "":
		return nil, errors.New("something is missing at its end")
	case "less", "greater":
		n, err := p.number(1 << 20)
		is := bpf.JumpLessOrEqual
		if word == "greater" {
			is = bpf.JumpGreaterOrEqual
		}
		return test{length: true, is: is, value: n}, err
	case "proto":
		return p.proto()
	}
	if x := simple[word]; x != nil {
		switch {
		case (word == "ip" || word == "ip6") && p.have("proto"):
			of, err := p.proto()
			return all(x, of), err
		case slices.Contains([]string{"src", "dst", "port", "portrange"}, p.peek()) && (word == "tcp" || word == "udp"):
			of, err := p.qualified(p.next(), word)
			return of, err
		}
		return x, nil
	}
	return p.qualified(word, "")
}

// proto is the rest of a test of IP's protocol.
func (p *parser) proto() (any, error) {
	if n, known := protocols[p.peek()]; known {
		p.at++
		return protocol(n), nil
	}
	n, err := p.number(255)
	return protocol(n), err
}

// qualified is a test of hosts, networks or ports, whose first word is given; over tcp, udp or (empty) both.
func (p *parser) qualified(word, over string) (any, error) {
	from, to := true, true
	switch word {
	case "src":
		to, word = false, p.next()
	case "dst":
		from, word = false, p.next()
	}
	switch {
	case word == "port" || word == "portrange":
		low, high, err := p.ports(word == "portrange")
		return ports(low, high, from, to, over), err
	case over != "":
	case word == "host":
		return p.host(from, to)
	case word == "net":
		prefix, err := netip.ParsePrefix(p.next())
		if err != nil {
			return nil, fmt.Errorf("net: write it as 10.0.0.0/24: %w", err)
		}
		return within(prefix, from, to), nil
	}
	return nil, fmt.Errorf("%q is not expected; known are ip, ip6, arp, tcp, udp, icmp, icmp6, broadcast, multicast, "+
		"host, net, port, portrange, proto, less, greater, src, dst, not, and, or", word)
}

func (p *parser) host(from, to bool) (any, error) {
	name := p.next()
	addresses := []netip.Addr{}
	if a, err := netip.ParseAddr(name); err == nil {
		addresses = append(addresses, a.Unmap())
	} else if p.names != nil {
		addresses = p.names(name)
	}
	if len(addresses) == 0 {
		return nil, fmt.Errorf("host %q: it is neither an address nor a node", name)
	}
	var x any
	for _, a := range addresses {
		one := within(netip.PrefixFrom(a, a.BitLen()), from, to)
		if x == nil {
			x = one
		} else {
			x = or{x, one}
		}
	}
	return x, nil
}

// ports are one port, or the two ends of a range.
func (p *parser) ports(isRange bool) (low, high uint32, err error) {
	if !isRange {
		low, err = p.number(65535)
		return low, low, err
	}
	word := p.next()
	first, last, ok := strings.Cut(word, "-")
	a, err1 := strconv.ParseUint(first, 10, 16)
	b, err2 := strconv.ParseUint(last, 10, 16)
	if !ok || err1 != nil || err2 != nil || a > b {
		return 0, 0, fmt.Errorf("portrange %q: write it as 8000-8010", word)
	}
	return uint32(a), uint32(b), nil
}

func (p *parser) number(most uint64) (uint32, error) {
	word := p.next()
	n, err := strconv.ParseUint(word, 10, 32)
	if err != nil || n > most {
		return 0, fmt.Errorf("%q is not a number from 0 to %d", word, most)
	}
	return uint32(n), nil
}

// within tests whether a packet comes from or goes to a network.
func within(net netip.Prefix, from, to bool) any {
	net = net.Masked()
	is, source, dest := any(isIP6), uint32(source6), uint32(dest6)
	if net.Addr().Is4() {
		is, source, dest = isIP4, source4, dest4
	}
	return and{is, either(from, to, addressed(net, source), addressed(net, dest))}
}

func either(from, to bool, source, dest any) any {
	switch {
	case !to:
		return source
	case !from:
		return dest
	}
	return or{source, dest}
}

// addressed tests the address at an offset, word by word.
func addressed(net netip.Prefix, at uint32) any {
	bits := net.Bits()
	var x any
	for b := net.Addr().AsSlice(); len(b) > 0; b = b[4:] {
		n := min(32, bits)
		bits -= n
		if n == 0 && x != nil {
			break
		}
		t := equal(at, 4, binary.BigEndian.Uint32(b))
		t.mask = uint32(uint64(0xffffffff) << (32 - n))
		at += 4
		if x == nil {
			x = t
		} else {
			x = and{x, t}
		}
		if n == 0 { // all addresses: the mask is 0, which stands for none
			return test{length: true, is: bpf.JumpGreaterOrEqual}
		}
	}
	return x
}

// ports tests whether a packet's ports are in a range.
func ports(low, high uint32, from, to bool, over string) any {
	kind := func(at uint32) any {
		switch over {
		case "tcp", "udp":
			return equal(at, 1, protocols[over])
		}
		return any2(equal(at, 1, protocols["tcp"]), equal(at, 1, protocols["udp"]), equal(at, 1, protocols["sctp"]))
	}
	inRange := func(at uint32, behind bool) any {
		t := test{at: at, size: 2, behindIP: behind, is: bpf.JumpEqual, value: low}
		if low == high {
			return t
		}
		above, below := t, t
		above.is, below.is, below.value = bpf.JumpGreaterOrEqual, bpf.JumpLessOrEqual, high
		return and{above, below}
	}
	first := test{at: fragmentAt, size: 2, mask: 0x1fff, is: bpf.JumpEqual}
	return or{
		all(isIP4, kind(protocol4), first, either(from, to, inRange(etherBytes, true), inRange(etherBytes+2, true))),
		all(isIP6, kind(protocol6), either(from, to, inRange(ports6, false), inRange(ports6+2, false))),
	}
}
