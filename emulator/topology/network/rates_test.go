package network

import (
	"strings"
	"testing"

	"testbed/emulator/units"
)

// The labels are of the Internet Topology Zoo, or nearly.
func TestLabels(t *testing.T) {
	const m, g = units.Mbps, units.Gbps
	for label, want := range map[string]units.BitRate{
		"10 Gbps": 10 * g, "2x10Gb/s": 20 * g, "4*155Mbps": 620 * m, "3 x 622Mbps": 1866 * m, "10*10Gb/s": 100 * g,
		"OC-192c": 9953280 * units.Kbps, "OC192/STM64": 9953280 * units.Kbps, "OC48/STM16": 2488320 * units.Kbps,
		"STM-1": 155520 * units.Kbps, "45 Mbps DS-3": 45 * m, "ANS CO+RE T1": 1544 * units.Kbps, "E3": 34368 * units.Kbps,
		"internetMCI T3": 44736 * units.Kbps, "2.5G": 2500 * m, "155M": 155 * m, "9600 bit/s": 9600, "40Mpbs": 40 * m,
		"Conexion G-REUNA 1 Gbps": g, "4*2 Mbps PDH": 8 * m, "GigE": g, "64 Kbit/s": 64 * units.Kbps, "1gb/s": g,
		"2 x E3 (68Mbps)": 68 * m, "4x1 Gbps + 2x STM-1": 4 * g, // in figures; what is there by name is not added
		"10 GigE": 10 * g, "100-GigE": 100 * g, "4x10 GigE": 40 * g, "2 x GigE": 2 * g, "2.5 GigE": 2500 * m,
		"TAT-14 GigE": g, ".5 Gbps": 500 * m, "DS3/T3": 44736 * units.Kbps,
		"10 Gbps, 5 ms": 10 * g, "1550 nm, 80 km: 1G": g, "xe-0/0/1 10G": 10 * g, "SeaMeWe-3 - 10 Gbps": 10 * g,
		"Yellow": 0, "SeaMeWe-3": 0, "TAT-14": 0, "Adria-1": 0, "Santa Fe": 0, "Completion 2007-2008": 0, "Via E-Street": 0,
		"20 ms": 0, "5ms": 0, "5-20 ms": 0, "20 m": 0, "2012-2013 trial": 0, "100 GHz": 0,
	} {
		if got := readLabel(label); got.rate != want || got.doubt != "" {
			t.Errorf("%q: %v, doubt %q; want %v", label, got.rate, got.doubt, want)
		}
	}
	for label, want := range map[string][2]units.BitRate{
		"10-20Gbps": {10 * g, 20 * g}, "1-2.5 Gb/s": {g, 2500 * m}, "300M-1Gb/s": {300 * m, g},
		"<= 10 Mbps":  {10 * m, 10 * m},
		"1-4.999Gbps": {g, 4999 * m}, "International Connectivity (1-10 Gbps)": {g, 10 * g}, ">10Gbps": {10 * g, 10 * g},
		"OC3 and below/STM1": {155520 * units.Kbps, 155520 * units.Kbps}, "less than 100 Mbps": {100 * m, 100 * m},
		"Managed Fiber (10Gbps, 100Mbps)": {}, "155Mbs/1Gbps": {}, "T1/T3": {}, "GigE/FE/ATM": {},
		"OC-48 GigE": {}, "1-10 GigE": {}, "½ OC-3": {}, "9999 Tbps": {}, "0 Mbps": {}, "OC-0": {}, "10000000000x10Gbps": {},
	} {
		if got := readLabel(label); got.bound != want || got.doubt == "" || got.rate != 0 {
			t.Errorf("%q: %v, %v, doubt %q", label, got.rate, got.bound, got.doubt)
		}
	}
}

// TestNoFigureIsCutOut: a rate is the link's where no figure beside it may be a part of it, an alternative or a factor.
func TestNoFigureIsCutOut(t *testing.T) {
	for _, with := range []string{"1,%s", "3/%s", "10 or %s", "3 and %s", "3 to %s", "3+%s", "%s x 2", "%s (x2)",
		"(2x) %s", "2 x (%s)", "2 lines of %s", "%s/3", "%s*3", "%s, 3", "1.5.%s", "3, %s-10 Gbps"} {
		for _, rate := range []string{"544 Mbps", "5 Gbps", "000 Mbps", "2x10G", "10 GigE", "2 STM-1"} {
			label := strings.ReplaceAll(with, "%s", rate)
			if got := readLabel(label); got.rate != 0 || got.bound != [2]units.BitRate{} {
				t.Errorf("%q: %v, %v", label, got.rate, got.bound)
			}
		}
	}
}

func FuzzLabel(f *testing.F) {
	for _, s := range []string{"10-20Gbps", "2x10Gb/s", "OC-192c", "45 Mbps DS-3", "155Mbs/1Gbps", "< 2.5 Gbps",
		"1,5 GigE/FE"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, label string) {
		l := readLabel(label)
		if l.rate < 0 || l.rate > maxRate || l.bound[0] > l.bound[1] || l.rate > 0 && l.doubt != "" {
			t.Errorf("%q: %+v", label, l)
		}
	})
}
