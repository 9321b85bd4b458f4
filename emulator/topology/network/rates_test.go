package network

import (
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
		"Yellow": 0, "SeaMeWe-3": 0, "TAT-14": 0, "Adria-1": 0, "Santa Fe": 0, "Completion 2007-2008": 0, "Via E-Street": 0,
	} {
		got, err := readLabel(label)
		if err != nil || got.rate != want || got.doubt != "" {
			t.Errorf("%q: %v, doubt %q, %v; want %v", label, got.rate, got.doubt, err, want)
		}
	}
	for label, want := range map[string][2]units.BitRate{
		"10-20Gbps": {10 * g, 20 * g}, "1-2.5 Gb/s": {g, 2500 * m}, "300M-1Gb/s": {300 * m, g},
		"<= 10 Mbps":  {10 * m, 10 * m},
		"1-4.999Gbps": {g, 4999 * m}, "International Connectivity (1-10 Gbps)": {g, 10 * g}, ">10Gbps": {10 * g, 10 * g},
		"OC3 and below/STM1": {155520 * units.Kbps, 155520 * units.Kbps}, "less than 100 Mbps": {100 * m, 100 * m},
		"Managed Fiber (10Gbps, 100Mbps)": {}, "155Mbs/1Gbps": {}, "4x1 Gbps + 2x STM-1": {},
	} {
		got, err := readLabel(label)
		several := label == "4x1 Gbps + 2x STM-1" // states 4 Gbps in figures, and more by name
		if err != nil || got.bound != want || (got.doubt == "") != several {
			t.Errorf("%q: %v, doubt %q, %v; want %v", label, got.bound, got.doubt, err, want)
		}
	}
	for _, label := range []string{"9999 Tbps", "0 Mbps", "OC-0", "10000000000x10Gbps"} {
		if got, err := readLabel(label); err == nil {
			t.Errorf("%q: %v, and no error", label, got)
		}
	}
}

func FuzzLabel(f *testing.F) {
	for _, s := range []string{"10-20Gbps", "2x10Gb/s", "OC-192c", "45 Mbps DS-3", "155Mbs/1Gbps", "< 2.5 Gbps"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, label string) {
		l, err := readLabel(label)
		if err != nil {
			return
		}
		if l.rate < 0 || l.rate > maxRate || l.bound[0] > l.bound[1] || l.rate > 0 && l.doubt != "" {
			t.Errorf("%q: %+v", label, l)
		}
	})
}
