package capacity

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// planted carries 100,000 packets/s over 2 links, 50,000 over 6: each link costs 2.5 µs, the ends 5 µs.
func planted() *Measured {
	late := 5e-5
	return &Measured{Time: time.Unix(1e9, 0).UTC(), Kernel: "6.1", CPU: "x", Processors: 2, Runtime: "process", Starts: 100,
		Fabrics: []Fabric{
			{Name: "userspace", Short: Path{2, 1e5}, Long: Path{6, 5e4}, LateP99: &late, LateAt: 2000},
			{Name: "netem", Short: Path{2, 4e5}, Long: Path{6, 3e5}, LateAt: 2000},
		}}
}

func TestLoad(t *testing.T) {
	f, _ := planted().fabric("userspace")
	for _, c := range []struct {
		packets, links, want float64
	}{
		{1e5, 2, 1}, {5e4, 6, 1}, {1e5, 4, 1.5}, {1e4, 0, 0.05}, {0, 0, 0},
	} {
		if got := f.load(Rate{c.packets, c.packets * c.links}); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v packets/s over %v links: %v, want %v", c.packets, c.links, got, c.want)
		}
	}
	// Noise makes the longer way the faster one: links cost nothing then.
	odd := Fabric{Short: Path{2, 1e5}, Long: Path{6, 2e5}}
	if got := odd.load(Rate{1e5, 6e5}); math.Abs(got-1) > 1e-9 {
		t.Errorf("%v", got)
	}
}

func TestWarnings(t *testing.T) {
	m := planted()
	late := planted()
	*late.Fabrics[0].LateP99 = 3e-4
	quiet := &Demand{Nodes: 80, Model: "in-edge", Users: 1, Rate: Rate{1e4, 4e4}}
	for name, c := range map[string]struct {
		of     *Measured
		d      Demand
		fabric string
		want   []string // of all warnings, in order
	}{
		"what fits":            {m, *quiet, "userspace", nil},
		"of nothing":           {m, Demand{Nodes: 1}, "userspace", nil},
		"an unknown fabric":    {m, Demand{Nodes: 80, Rate: Rate{1e9, 1e9}}, "outsider", nil},
		"many nodes":           {m, Demand{Nodes: 6000}, "netem", []string{"6000 nodes take about 1m0s"}},
		"a late fabric":        {late, *quiet, "userspace", []string{"late by 0.3 ms at p99 at 2,000 packets/s"}},
		"another late fabric":  {late, *quiet, "netem", nil},
		"one chain at a time":  {m, Demand{Model: "external", Users: 1, Rate: Rate{8e4, 16e4}}, "userspace", []string{"80 %"}},
		"fewer users":          {m, Demand{Users: 40, Rate: Rate{8e4, 16e4}}, "userspace", []string{"fewer users, fabric netem (20 %"}},
		"slower arrivals":      {m, Demand{Open: true, Chains: 200, Rate: Rate{8e4, 16e4}}, "userspace", []string{"slower arrivals"}},
		"what none can":        {m, Demand{Users: 9, Rate: Rate{1e6, 2e6}}, "netem", []string{"fewer users, another machine"}},
		"many nodes, too busy": {m, Demand{Nodes: 9000, Rate: Rate{1e6, 2e6}}, "netem", []string{"9000 nodes", "250 %"}},
	} {
		got := c.of.Warnings(&c.d, c.fabric)
		ok := len(got) == len(c.want)
		for i := 0; ok && i < len(got); i++ {
			ok = strings.Contains(got[i], c.want[i])
		}
		if !ok {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if m, err := Read(dir); m != nil || err != nil {
		t.Errorf("nothing was measured: %+v, %v", m, err)
	}
	want := planted()
	if err := want.Write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if !got.Same("6.1", "x", 2) || got.Same("6.2", "x", 2) || got.Same("6.1", "y", 2) || got.Same("6.1", "x", 4) {
		t.Error("another host's measurement passes for this one's")
	}
	info, err := os.Stat(filepath.Join(dir, File))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for _, text := range []string{
		"{}", "{", `{"starts_per_s": 1, "fabrics": [{"name": "f", "short": {"links": 2, "packets_per_s": 0}}]}`,
		`{"starts_per_s": 1, "fabrics": [{"short": {"links": 6, "packets_per_s": 1}, "long": {"links": 2, "packets_per_s": 1},
			"late_at_packets_per_s": 1}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, File), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if m, err := Read(dir); err == nil {
			t.Errorf("%s: %+v", text, m)
		}
	}
}

func TestLines(t *testing.T) {
	got := strings.Join(planted().Lines(), "\n")
	for _, want := range []string{
		"userspace: 100,000 packets/s over 2 links, 50,000 over 6; at 2,000, 99 % late by 0.05 ms at most",
		"netem: 400,000 packets/s over 2 links, 300,000 over 6\n", "process: 100 nodes", "2001-09-09 01:46 UTC on 6.1, 2 x x",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
