package network_test

import (
	"strings"
	"testing"
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
