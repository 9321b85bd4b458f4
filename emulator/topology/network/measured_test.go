package network_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/networktest"
)

// TestSeparators: of a list or a matrix of times the same is made whichever separator it has, with empty fields where
// they are, a lost ping among them.
func TestSeparators(t *testing.T) {
	for format, text := range map[string]string{
		"pings": "source,destination,timestamp,min,avg,max\na,b,,10.1,11,12\nb,c,2020,5,6,7\na,c,2020,,6,7\n" +
			"c,a,,2,3,4\nb,c,,,1,\n",
		"rtt-matrix": ",a,b,c\na,,10.1,2\nb,10.1,,5\nc,2,5,\n",
	} {
		for _, separator := range []string{",", ";", "\t"} {
			g, _, err := resolve(t, format, strings.ReplaceAll(text, ",", separator))
			if err != nil {
				t.Fatalf("%s %q: %v", format, separator, err)
			}
			var got []string
			for i := range g.Links {
				l := &g.Links[i]
				got = append(got, l.Ends[0].Node+l.Ends[1].Node+" "+l.Shape[0].Delay.String())
			}
			if all := strings.Join(got, ", "); all != "ab 5.05ms, ac 1ms, bc 2.5ms" {
				t.Errorf("%s %q: %s", format, separator, all)
			}
		}
	}
}

// TestNoMeasurementVanishes: hosts and results of which nothing is made are named, with their lines.
func TestNoMeasurementVanishes(t *testing.T) {
	const hosts = "not taken over, of hosts without a round-trip time: "
	for _, c := range []struct{ format, text, want string }{
		{"pings", "source,destination,min\na,b,10\na,c,\nd,d,NULL\nb,c,NULL\n", hosts + `"c" (line 3), "d" (line 4)`},
		{"rtt-matrix", ",a,b,c\na,,1,-\nb,1,,\nc,,,\n", hosts + `"c" (line 1)`},
		{"ripe-atlas", `{"type": "ping", "prb_id": 1, "dst_name": "x", "result": [{"rtt": 1}]}
{"type": "ping", "prb_id": 2, "dst_name": "x", "result": [{"x": "*"}]}
{"type": "ping", "prb_id": 1, "dst_name": "y", "result": [{"error": "e"}]}`,
			hosts + `"probe-2" (line 2), "y" (line 3)`},
		{"ripe-atlas", `{"type": "traceroute", "prb_id": 1}
{"type": "ping", "prb_id": 1, "dst_name": "x", "result": [{"rtt": 1}]}
{"type": "traceroute", "prb_id": 1}
{"prb_id": 1}`, `other than pings by probes: "traceroute" (2 times, first in line 1), "without a type" (line 4)`},
	} {
		_, made, err := resolve(t, c.format, c.text)
		if err != nil {
			t.Fatalf("%s: %v", c.format, err)
		}
		if notes := strings.Join(made.Notes, "\n"); !strings.Contains(notes, c.want) || made.Hosts() != 2 {
			t.Errorf("%s: %d hosts, %s\nwant %s", c.format, made.Hosts(), notes, c.want)
		}
	}
	if _, _, err := resolve(t, "pings", "source,destination,time,min\nWashington, DC,b,2020,10\n"); err == nil ||
		!strings.Contains(err.Error(), "line 2: there are 5 fields, and 4 in the header") {
		t.Errorf("a row with a comma in a name: %v", err)
	}
}

// TestDrawings: where one node of a file is at no place on the earth, coordinates are those of a drawing, and no
// distance is made of any; that is said.
func TestDrawings(t *testing.T) {
	const a, b, odd = "A ( 10 40 )\n", "B ( 60 80 )\n", "C ( 385 465 )\n"
	for _, nodes := range []string{a + b + odd, a + odd + b, odd + a + b, a + b + "C ( 10 x )\n"} {
		_, made, err := resolve(t, "sndlib", "NODES (\n"+nodes+")\nLINKS ( L ( A B ) 0 0 0 0 ( ) M ( B C ) 0 0 0 0 ( ) )")
		if err != nil {
			t.Fatal(err)
		}
		for i := range made.Links {
			if l := &made.Links[i]; strings.Contains(strings.Join(l.Notes, ""), "derived") || l.Shape[0].Delay != 0 {
				t.Errorf("%q: %s has %v of %v", nodes, l.Name, l.Shape[0].Delay, l.Notes)
			}
		}
		line := "line " + string(rune('2'+strings.Count(nodes[:strings.Index(nodes, "C")], "\n")))
		if notes := strings.Join(made.Notes, "\n"); !strings.Contains(notes, "left out: all coordinates; "+line) {
			t.Errorf("%q: %s, want %s", nodes, notes, line)
		}
	}
}

// mesh is what a network of measurements has of round-trip times, by its hosts, with what is marked.
func mesh(n *network.Network) string {
	var all []string
	for i := range n.Links {
		l := &n.Links[i]
		mark := ""
		if strings.Contains(strings.Join(l.Notes, ""), "delay: estimated") {
			mark = "~"
		}
		all = append(all, strings.Join(l.Ends, " ")+" "+mark+(2*l.Shape[0].Delay).String())
	}
	return strings.Join(all, "\n")
}

// result is one of RIPE Atlas.
func result(probe int, from, source, target, address string, rtt int) string {
	return fmt.Sprintf(`{"type": "ping", "prb_id": %d, "from": %q, "src_addr": %q, "dst_name": %q, "dst_addr": %q, `+
		`"result": [{"rtt": %d}]}`+"\n", probe, from, source, target, address, rtt)
}

// TestProbesThatAreTargets: a target is the probe that has its address, however that is written, and no other.
func TestProbesThatAreTargets(t *testing.T) {
	for name, c := range map[string]struct{ text, want, note string }{
		"anchors": {result(1, "192.0.2.1", "10.0.0.1", "a2", "192.0.2.2", 10) +
			result(1, "192.0.2.1", "", "a3", "2001:db8:0::3", 12) + result(2, "192.0.2.2", "", "a1", "192.0.2.1", 11) +
			result(2, "", "192.0.2.2", "a3", "2001:DB8::3", 13) + result(3, "2001:db8::3", "", "a1", "192.0.2.1", 9),
			"a1 a2 10ms\na1 a3 9ms\na2 a3 13ms",
			`one host, as they have one address: probe-2 is "a2", probe-3 is "a3", probe-1 is "a1"`},
		"private": {result(1, "192.0.2.1", "10.0.0.1", "x", "10.0.0.2", 10) + result(2, "192.0.2.2", "10.0.0.2", "x", "", 4),
			"probe-1 x 10ms\nprobe-1 probe-2 ~14ms\nx probe-2 4ms", ""},
		"one router": {result(1, "192.0.2.1", "", "x", "192.0.2.1", 10) + result(2, "192.0.2.1", "", "x", "192.0.2.1", 4),
			"probe-1 x 10ms\nprobe-1 probe-2 ~14ms\nx probe-2 4ms", ""},
		"itself": {result(1, "192.0.2.1", "", "x", "192.0.2.1", 1) + result(1, "192.0.2.1", "", "y", "192.0.2.2", 4),
			"x y 4ms", `probe-1 is "x"`},
	} {
		_, made, err := resolve(t, "ripe-atlas", c.text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		lines := strings.Split(mesh(made), "\n")
		slices.Sort(lines)
		want := strings.Split(c.want, "\n")
		slices.Sort(want)
		notes := strings.Join(made.Notes, "\n")
		said := strings.Contains(notes, "one host") == (c.note != "") && strings.Contains(notes, c.note)
		if !slices.Equal(lines, want) || !said {
			t.Errorf("%s: %q, want %q; %s", name, lines, want, notes)
		}
	}
}

// TestUnmeasuredPairs: hosts between which nothing was measured are refused with what to do, or have, marked, the least
// sum by way of others; what was measured stays, also where a way over others is shorter.
func TestUnmeasuredPairs(t *testing.T) {
	random := rand.New(rand.NewPCG(testenv.Seed(t), 0))
	for range 50 {
		n := 3 + random.IntN(9)
		text := "source,destination,min\n"
		rtt := map[[2]string]time.Duration{}
		name := func(i int) string { return string(rune('a' + i)) }
		for a := range n {
			for b := a + 1; b < n; b++ {
				if b == a+1 || random.IntN(3) == 0 { // a chain at least
					ms := 1 + random.IntN(40)
					text += fmt.Sprintf("%s,%s,%d\n", name(a), name(b), ms)
					rtt[[2]string{name(a), name(b)}] = time.Duration(ms) * time.Millisecond
				}
			}
		}
		g, made, err := resolve(t, "pings", text)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(made.Links); got != n*(n-1)/2 {
			t.Fatalf("%d links of %d hosts", got, n)
		}
		for i := range made.Links {
			l := &made.Links[i]
			got, marked := 2*l.Shape[0].Delay, strings.Contains(strings.Join(l.Notes, ""), "delay: estimated")
			want, measured := rtt[[2]string(slices.Sorted(slices.Values(l.Ends)))]
			if !measured {
				want = shortest(rtt, l.Ends[0], l.Ends[1])
			}
			if got != want || marked == measured || l.Shape[0] != l.Shape[1] {
				t.Fatalf("%s%v: %v, marked %v, want %v, measured %v", text, l.Ends, got, marked, want, measured)
			}
		}
		o := networktest.Options()
		o.Unmeasured = network.RefuseUnmeasured
		_, err = g.Resolve(o)
		if missing := n*(n-1)/2 - len(rtt); missing > 0 && (err == nil ||
			!strings.Contains(err.Error(), fmt.Sprintf("%d of %d pairs of hosts have no", missing, n*(n-1)/2)) ||
			!strings.Contains(err.Error(), "as with unmeasured: estimate")) || missing == 0 && err != nil {
			t.Fatalf("%d are missing: %v", missing, err)
		}
		o.Only = []string{"a", "b"}
		if only, err := g.Resolve(o); err != nil || len(only.Links) != 1 {
			t.Fatalf("two that were measured: %v", err)
		}
	}
	star := ""
	for i := range 300 {
		star += result(i, "", "", "x", "", 5)
	}
	_, _, err := resolve(t, "ripe-atlas", star)
	if err == nil || !strings.Contains(err.Error(), "name fewer hosts in only") {
		t.Errorf("a star of too many: %v", err)
	}
}

// shortest is the least sum of times on the ways between two hosts, by trying them all.
func shortest(rtt map[[2]string]time.Duration, from, to string) time.Duration {
	least := map[string]time.Duration{from: 0}
	for changed := true; changed; {
		changed = false
		for pair, d := range rtt {
			for _, p := range [][2]string{pair, {pair[1], pair[0]}} {
				at, known := least[p[0]]
				if old, there := least[p[1]]; known && (!there || at+d < old) {
					least[p[1]], changed = at+d, true
				}
			}
		}
	}
	return least[to]
}
