package synth

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/topology/ether"
)

// reference reads a file of the reference data, or skips the test where the folder is absent.
func reference(t *testing.T, elements ...string) []byte {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "..", "shared", "reference"}, elements...)...)
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("the reference data are not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func compareToReference(t *testing.T, got *topology.Topology, name string) {
	t.Helper()
	var out [3]bytes.Buffer
	if err := ether.Write(got, &out[0], &out[1], &out[2]); err != nil {
		t.Fatal(err)
	}
	for i, suffix := range []string{".nodes", ".links", ".edges"} {
		want := reference(t, "ether", name+suffix)
		if bytes.Equal(out[i].Bytes(), want) {
			continue
		}
		g, w := bytes.Split(out[i].Bytes(), []byte("\n")), bytes.Split(want, []byte("\n"))
		for line := range min(len(g), len(w)) {
			if !bytes.Equal(g[line], w[line]) {
				t.Fatalf("%s%s:%d\n got %s\nwant %s", name, suffix, line+1, g[line], w[line])
			}
		}
		t.Fatalf("%s%s: %d lines, want %d", name, suffix, len(g), len(w))
	}
}

func TestIIoTEqualsPublished(t *testing.T) {
	got, err := DefaultIIoT().Build()
	if err != nil {
		t.Fatal(err)
	}
	compareToReference(t, got, "iiot.0")
}

func TestUrbanSensingEqualsPublished(t *testing.T) {
	p := DefaultUrbanSensing()
	p.Sizes = sizesOf(t, reference(t, "ether", "urban_sensing.0.edges"))
	if want := []int{6, 3, 4, 8, 6}; !slices.Equal(p.Sizes, want) {
		t.Fatalf("sizes %v, want %v", p.Sizes, want)
	}
	got, err := p.Build()
	if err != nil {
		t.Fatal(err)
	}
	compareToReference(t, got, "urban_sensing.0")
}

// sizesOf reads the neighbourhoods' sizes off an edges file: the switches of each medium, less one.
func sizesOf(t *testing.T, edges []byte) []int {
	t.Helper()
	var sizes []int
	for line := range bytes.Lines(edges) {
		if bytes.HasPrefix(line, []byte("link_")) && bytes.Contains(line, []byte("up_shared_")) {
			sizes = append(sizes, bytes.Count(line, []byte("switch_lan_"))-1)
		}
	}
	return sizes
}

func TestParametersScale(t *testing.T) {
	for premises := 1; premises <= 5; premises++ {
		for second := 0; second <= premises; second++ {
			p := DefaultIIoT()
			p.Premises, p.AtSecond = premises, second
			got, err := p.Build()
			if err != nil {
				t.Fatal(err)
			}
			if want := premises * (1 + 1 + 3 + 15); len(got.Hosts()) != want {
				t.Errorf("%d premises: %d hosts, want %d", premises, len(got.Hosts()), want)
			}
			if errs := got.Validate(); len(errs) > 0 {
				t.Errorf("%d premises, %d at the second exchange: %v", premises, second, errs)
			}
		}
	}
	p := DefaultUrbanSensing()
	for seed := range uint64(20) {
		p.Seed = seed
		got, err := p.Build()
		if err != nil {
			t.Fatal(err)
		}
		if errs := got.Validate(); len(errs) > 0 {
			t.Errorf("seed %d: %v", seed, errs)
		}
	}
}

func TestBadParametersAreAllNamed(t *testing.T) {
	p := DefaultIIoT()
	p.Premises, p.Pis, p.UpRate = 0, -1, 0
	_, err := p.Build()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"premises is 0", "pis is -1", "up rate", "at-second is 1"} {
		if !bytes.Contains([]byte(err.Error()), []byte(want)) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
	u := DefaultUrbanSensing()
	u.Sizes = []int{1, 2}
	if _, err := u.Build(); err == nil {
		t.Error("two sizes for five neighbourhoods: no error")
	}
}

func TestSizesFollowTheirDistribution(t *testing.T) {
	p := DefaultUrbanSensing()
	p.Neighbourhoods = 4001
	sizes := p.sizes()
	slices.Sort(sizes)
	small, _ := slices.BinarySearch(sizes, 3)
	// 2 is what 2.02 + exp(0.82 z) < 3 gives: Φ(ln(0.98)/0.82) = 0.490, of 4001 with a standard error of 0.008.
	if share := float64(small) / float64(len(sizes)); math.Abs(share-0.490) > 0.03 {
		t.Errorf("%.3f of the sizes are 2, want 0.490", share)
	}
	if sizes[0] != 2 { // the distribution begins at 2.02
		t.Errorf("smallest size %d, want 2", sizes[0])
	}
	if again := p.sizes(); slices.Equal(again, sizes) {
		t.Error("sorted draws equal draws: the test is broken")
	} else if slices.Sort(again); !slices.Equal(again, sizes) {
		t.Error("one seed gives two draws")
	}
}

func TestLatenciesFollowTheirDistributions(t *testing.T) {
	for _, urban := range []bool{false, true} {
		drawn := map[string][]float64{}
		build := DefaultIIoT().Build
		if urban {
			build = DefaultUrbanSensing().Build
		}
		topo, err := build()
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(300) {
			Latencies(topo, DefaultLatencies(), seed)
			collect(topo, drawn)
		}
		m := DefaultLatencies()
		want := map[string]Lognormal{"host": m.LAN, "trunk": m.LAN, "wlan": m.WLAN, "business-isp": m.BusinessISP}
		if urban {
			delete(want, "business-isp")
			want["mobile-isp"] = m.MobileISP
		}
		for class, d := range want {
			values := drawn[class]
			if len(values) < 1000 {
				t.Fatalf("urban %v: %d draws of %s", urban, len(values), class)
			}
			slices.Sort(values)
			median := values[len(values)/2]
			// The standard error of the median of these counts is below 3 % of the spread.
			if tolerance := 0.1 * d.Scale * d.Sigma; math.Abs(median-d.Median()) > tolerance+1e-3 {
				t.Errorf("urban %v: median of %s is %.4f ms, want %.4f ± %.4f", urban, class, median, d.Median(), tolerance)
			}
			if values[0] < d.Loc {
				t.Errorf("urban %v: %s has %.4f ms, below the shift of %.4f", urban, class, values[0], d.Loc)
			}
		}
	}
}

// collect sorts the delays of a topology's edges, in ms, by what they are on.
func collect(topo *topology.Topology, into map[string][]float64) {
	for v, edges := range topo.Adjacency {
		x := &topo.Vertices[v]
		for _, e := range edges {
			y := &topo.Vertices[e.To]
			ms := float64(e.Delay) / float64(time.Millisecond)
			switch {
			case x.Kind == topology.Host:
				into["host"] = append(into["host"], ms)
			case x.Kind == topology.Switch && y.Kind == topology.Switch:
				into["trunk"] = append(into["trunk"], ms)
			case x.Class == topology.ClassWLAN && ms > 0 && y.Class != topology.ClassMobileISP:
				into["wlan"] = append(into["wlan"], ms)
			case x.Class == topology.ClassBusinessISP, x.Class == topology.ClassMobileISP:
				into[x.Class] = append(into[x.Class], ms)
			}
		}
	}
}

func TestLatenciesAreSymmetricAndComplete(t *testing.T) {
	topo, err := DefaultIIoT().Build()
	if err != nil {
		t.Fatal(err)
	}
	Latencies(topo, DefaultLatencies(), 7)
	delay := func(a, b string) time.Duration {
		from, _ := topo.Lookup(a)
		to, _ := topo.Lookup(b)
		for _, e := range topo.Adjacency[from] {
			if e.To == to {
				return e.Delay
			}
		}
		t.Fatalf("no edge from %s to %s", a, b)
		return 0
	}
	if got := delay("internet_chix", "internet_nyc"); got != 10*time.Millisecond {
		t.Errorf("between the exchanges: %v, want 10ms", got)
	}
	for _, p := range [][2]string{
		{"nuc_0", "link_nuc_0"}, {"rpi3_4", "link_rpi3_4"}, {"link_rpi3_0", "link_0"}, {"switch_lan_1", "switch_lan_0"},
	} {
		if x, y := delay(p[0], p[1]), delay(p[1], p[0]); x != y || x == 0 {
			t.Errorf("%s and %s: %v one way, %v the other", p[0], p[1], x, y)
		}
	}
	for _, p := range [][2]string{{"link_0", "switch_lan_0"}, {"switch_cloudlet_0", "up_cloudlet_0"}} {
		if got := delay(p[0], p[1]); got != 0 {
			t.Errorf("%s to %s: %v, want 0", p[0], p[1], got)
		}
	}
	for _, p := range [][2]string{
		{"switch_lan_0", "up_lan_0"}, {"up_lan_0", "internet_chix"},
		{"internet_chix", "down_lan_0"}, {"down_lan_0", "switch_lan_0"},
	} {
		if got := delay(p[0], p[1]); got < 5950*time.Microsecond {
			t.Errorf("%s to %s: %v, want at least 5.95ms", p[0], p[1], got)
		}
	}
}
