package graph

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func load(t *testing.T, name string) *topology.Topology {
	t.Helper()
	sc, err := scenario.Load("../../../scenarios/"+name+".yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	top, err := sc.Topology()
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// odd is a topology whose names are as bad as a scenario can make them.
func odd(t *testing.T) *topology.Topology {
	t.Helper()
	top := topology.New(`</script>"]; rm -rf`)
	add := func(v topology.Vertex) topology.ID {
		id, err := top.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	a := add(topology.Vertex{Name: `a"]--b;` + "\n", Class: `<b>&"`})
	b := add(topology.Vertex{Name: "b\\", Class: "ünïcode"})
	l := add(topology.Vertex{Name: `l|"{}`, Kind: topology.Link, Shape: [2]topology.Shape{
		{Rate: 50 * units.Mbps, Delay: 1500 * time.Microsecond}, {Rate: 10 * units.Kbps, Loss: 0.01}}})
	lone := add(topology.Vertex{Name: "lone", Kind: topology.Switch})
	top.Join(a, l, 0)
	top.Join(l, b, time.Millisecond)
	_ = lone
	return top
}

func TestNetworkKeepsEveryLink(t *testing.T) {
	for _, name := range []string{"iiot", "urban-sensing", "smoke", "fidelity"} {
		top := load(t, name)
		drawn := map[string]int{}
		net := Of(top)
		for _, l := range net.Lines {
			for _, k := range l.Links {
				drawn[k]++
			}
		}
		for _, n := range net.Nodes {
			if n.Link {
				drawn[n.Name]++
			}
		}
		for _, id := range top.Links() {
			if n := top.Vertices[id].Name; drawn[n] != 1 {
				t.Errorf("%s: %s is drawn %d times", name, n, drawn[n])
			}
		}
	}
}

func TestLabels(t *testing.T) {
	net := Of(odd(t))
	if len(net.Lines) != 1 || net.Lines[0].Label != "→ 50 Mbps, 2.5 ms  ← 10 kbps, 1 ms, 1 % loss" {
		t.Errorf("lines %+v", net.Lines)
	}
	for _, l := range Of(load(t, "iiot")).Lines {
		if len(l.Links) == 2 && strings.HasPrefix(l.Links[0], "up_lan") && !strings.HasPrefix(l.Label, "↑ 50 Mbps") {
			t.Errorf("%v: %s", l.Links, l.Label)
		}
	}
}

func TestDeterministicAndWellFormed(t *testing.T) {
	use := Use{"link_0": 0.4, "l|\"{}": 1}
	for name, top := range map[string]*topology.Topology{
		"iiot": load(t, "iiot"), "odd": odd(t), "empty": topology.New(""),
	} {
		one, two := Of(top), Of(top)
		if one.DOT() != two.DOT() || one.Mermaid() != two.Mermaid() || one.SVG(use) != two.SVG(use) {
			t.Errorf("%s differs from one time to the next", name)
		}
		for _, svg := range []string{one.SVG(use), one.Inline(nil)} {
			for in := xml.NewDecoder(strings.NewReader(svg)); ; {
				if _, err := in.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if strings.Contains(svg, "</script") || strings.Contains(svg, "<b>") {
				t.Errorf("%s: a name is not escaped", name)
			}
		}
	}
}

// dotLine and mermaidLine are what the two languages allow of what is written here.
var (
	dotLine = regexp.MustCompile(`^(graph "(\\.|[^"\\])*" \{|\}|  rankdir=LR;|  (node|edge) \[[a-z="0-9A-Z, ]+\];|` +
		`  n\d+( -- n\d+)? \[([a-z]+=("(\\.|[^"\\])*"|[a-z]+)(, )?)+\];)$`)
	mermaidLine = regexp.MustCompile("^(flowchart LR|" +
		"  n\\d+(\\[|\\(\\(\\(|\\(|\\{\\{|\\[/)\"(<br/>|[^\"<>`|\\\\])*\"(\\]|\\)\\)\\)|\\)|\\}\\}|/\\])|" +
		"  n\\d+ ---(\\|\"(<br/>|[^\"<>`|\\\\])*\"\\|)? n\\d+)$")
)

func TestSyntax(t *testing.T) {
	for _, top := range []*topology.Topology{load(t, "iiot"), load(t, "urban-sensing"), odd(t), topology.New("")} {
		for _, c := range []struct {
			text string
			line *regexp.Regexp
		}{{Of(top).DOT(), dotLine}, {Of(top).Mermaid(), mermaidLine}} {
			for line := range strings.SplitSeq(strings.TrimSuffix(c.text, "\n"), "\n") {
				if !c.line.MatchString(line) {
					t.Errorf("%s: the line %q is not valid", top.Name, line)
				}
			}
		}
	}
}

// No two hosts and no two boxes are drawn over each other.
func TestLayoutHasNoOverlap(t *testing.T) {
	for _, name := range []string{"iiot", "urban-sensing", "scale-500"} {
		l := arrange(spanningTree(Of(load(t, name))), 0)
		for v := range l.Nodes {
			for w := range v {
				dx, dy := l.x[v]-l.x[w], l.y[v]-l.y[w]
				if dx > -cellWidth+5 && dx < cellWidth-5 && dy > -cellHeight+0.1 && dy < cellHeight-0.1 {
					t.Fatalf("%s: %s and %s overlap", name, l.Nodes[v].Name, l.Nodes[w].Name)
				}
			}
		}
	}
}

func TestPictures(t *testing.T) {
	net := Of(odd(t))
	for format, magic := range map[string]string{"png": "\x89PNG", "pdf": "%PDF"} {
		data, err := net.Picture(format, Use{"l": 1})
		if err != nil || !bytes.HasPrefix(data, []byte(magic)) {
			t.Errorf("%s: %v", format, err)
		}
	}
	if _, err := net.Picture("gif", nil); err == nil {
		t.Error("a GIF was drawn")
	}
}

func TestQuantities(t *testing.T) {
	for got, want := range map[string]string{
		Rate(10 * units.Gbps): "10 Gbps", Rate(1): "1 bps", Rate(1_500_000): "1.5 Mbps",
		Delay(453 * time.Microsecond): "453 µs", Delay(14_523 * time.Microsecond): "14.5 ms", Delay(2 * time.Second): "2 s",
		shorten("server_cloudlet_0_rack_1", 12): "…et_0_rack_1", shorten("nuc_0", 12): "nuc_0",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSpanAndFitting(t *testing.T) {
	for _, c := range []struct {
		low, high time.Duration
		want      string
	}{
		{450 * time.Microsecond, 560 * time.Microsecond, "450 to 560 µs"},
		{450 * time.Microsecond, 2 * time.Millisecond, "450 µs to 2 ms"},
		{time.Millisecond, time.Millisecond, "1 ms"},
	} {
		if got := span(c.low, c.high); got != c.want {
			t.Errorf("span(%v, %v) = %q, want %q", c.low, c.high, got, c.want)
		}
	}
	const all = "50 Mbps, 3 ms, ± 500 µs, 0.01 % loss"
	if got := fitting(all, boxWidth); got != "50 Mbps, 3 ms" {
		t.Errorf("in a box: %q", got)
	}
	if got := fitting(all, 1000); got != all {
		t.Errorf("where there is room: %q", got)
	}
	if got := fitting("unlimited", 1); got != "unlimited" {
		t.Errorf("where nothing fits: %q", got)
	}
}

// Two directions of one line keep their units; a block without anything to say says nothing.
func TestBlockLabels(t *testing.T) {
	lines := []Line{{Label: "↑ 1 Gbps, 200 µs  ↓ 900 Mbps, 200 µs"}, {}, {}}
	l := &layout{tree: &tree{Network: &Network{Lines: lines}, parent: []int{0, 1, 2}}}
	if got := l.label(&block{hosts: []int{0}}); got != l.Lines[0].Label {
		t.Errorf("two directions: %q", got)
	}
	if got := l.label(&block{hosts: []int{1, 2}}); got != "" {
		t.Errorf("nothing to say: %q", got)
	}
}
