package capture

import (
	"fmt"
	"net/netip"

	"golang.org/x/net/bpf"
)

// Filter is a compiled expression; nil accepts all. It is a part of what tcpdump understands (pcap-filter(7)), with its
// rules: "and" and "or" are of one precedence, from left to right, "not" binds closest.
//
//	ip, ip6, arp, tcp, udp, icmp, icmp6, broadcast, multicast
//	[src|dst] host ADDRESS|NODE, [src|dst] net ADDRESS/BITS
//	[tcp|udp] [src|dst] port N, [tcp|udp] [src|dst] portrange N-M, [ip|ip6] proto N|NAME
//	less N, greater N, not X, X and Y, X or Y, (X); also !, && and ||
//
// As there, IPv6's extension headers are not looked behind, and a fragment that is not the first has no ports.
type Filter struct {
	text string
	raw  []bpf.RawInstruction
}

// Names says which addresses a node's name stands for; none: there is no such node.
type Names func(string) []netip.Addr

// mostInstructions is how many a program may have (BPF_MAXINSNS).
const mostInstructions = 4096

// NewFilter compiles an expression; an empty one accepts all. names, which may be nil, resolves nodes.
func NewFilter(text string, names Names) (*Filter, error) {
	p := &parser{words: words(text), names: names}
	if len(p.words) == 0 {
		return nil, nil
	}
	x, err := p.expression()
	if err == nil && p.at < len(p.words) {
		err = fmt.Errorf("%q is not expected", p.words[p.at])
	}
	if err != nil {
		return nil, fmt.Errorf("filter %q: %w", text, err)
	}
	program, err := compile(x)
	if err != nil {
		return nil, fmt.Errorf("filter %q: %w", text, err)
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("filter %q: %w", text, err)
	}
	return &Filter{text, raw}, nil
}

// String is the expression.
func (f *Filter) String() string {
	if f == nil {
		return ""
	}
	return f.text
}

// Raw is the program, for Ethernet frames; nil: it accepts all.
func (f *Filter) Raw() []bpf.RawInstruction {
	if f == nil {
		return nil
	}
	return f.raw
}

// An expression is and, or, not, or a test of one number in the frame.
type (
	and struct{ left, right any }
	or  struct{ left, right any }
	not struct{ of any }
	// test compares the big-endian number of size bytes at an offset with a value.
	test struct {
		at, size uint32
		behindIP bool   // at is counted from the end of IPv4's header
		length   bool   // it is the frame's length that is compared
		mask     uint32 // 0: all bits
		is       bpf.JumpTest
		value    uint32
	}
)

// all joins tests by and; any by or.
func all(first any, others ...any) any {
	for _, o := range others {
		first = and{first, o}
	}
	return first
}

func any2(first any, others ...any) any {
	for _, o := range others {
		first = or{first, o}
	}
	return first
}

// compiler writes a program with jumps to labels, whose places are known in the end.
type compiler struct {
	program []bpf.Instruction
	places  []int       // of labels
	jumps   map[int]int // label by the index of the jump
}

func compile(x any) ([]bpf.Instruction, error) {
	c := &compiler{jumps: map[int]int{}}
	yes, no := c.label(), c.label()
	c.write(x, yes, no)
	c.place(yes)
	c.program = append(c.program, bpf.RetConstant{Val: 1 << 18})
	c.place(no)
	c.program = append(c.program, bpf.RetConstant{})
	if len(c.program) > mostInstructions {
		return nil, fmt.Errorf("%d instructions, and at most %d are possible: make it shorter", len(c.program),
			mostInstructions)
	}
	for at, label := range c.jumps {
		c.program[at] = bpf.Jump{Skip: uint32(c.places[label] - at - 1)}
	}
	return c.program, nil
}

func (c *compiler) label() int {
	c.places = append(c.places, 0)
	return len(c.places) - 1
}

func (c *compiler) place(label int) { c.places[label] = len(c.program) }

func (c *compiler) jump(label int) {
	c.jumps[len(c.program)] = label
	c.program = append(c.program, bpf.Jump{})
}

// write writes what jumps to yes or to no.
func (c *compiler) write(x any, yes, no int) {
	switch x := x.(type) {
	case and:
		right := c.label()
		c.write(x.left, right, no)
		c.place(right)
		c.write(x.right, yes, no)
	case or:
		right := c.label()
		c.write(x.left, yes, right)
		c.place(right)
		c.write(x.right, yes, no)
	case not:
		c.write(x.of, no, yes)
	case test:
		switch {
		case x.length:
			c.program = append(c.program, bpf.LoadExtension{Num: bpf.ExtLen})
		case x.behindIP:
			c.program = append(c.program, bpf.LoadMemShift{Off: etherBytes},
				bpf.LoadIndirect{Off: x.at, Size: int(x.size)})
		default:
			c.program = append(c.program, bpf.LoadAbsolute{Off: x.at, Size: int(x.size)})
		}
		if x.mask != 0 {
			c.program = append(c.program, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: x.mask})
		}
		c.program = append(c.program, bpf.JumpIf{Cond: x.is, Val: x.value, SkipFalse: 1})
		c.jump(yes)
		c.jump(no)
	}
}
