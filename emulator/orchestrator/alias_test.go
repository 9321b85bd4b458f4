package orchestrator

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestAliasesAreHostNames(t *testing.T) {
	for names, want := range map[string]string{
		"rpi3_0 nuc-1 cloud":       "rpi3-0||",
		"a_b a-b":                  "|",     // another's name
		"a_b a=b":                  "|",     // another's alias
		"A_b a-B x_y":              "||x-y", // names differ by more than case
		"_ __x_ ip6_localhost y.z": "|x||",  // nothing is left; the loopback's
		"sensor_1_2 sensor_12":     "sensor-1-2|sensor-12",
	} {
		var stations []Station
		for _, name := range strings.Fields(names) {
			stations = append(stations, Station{Name: name, Addr: netip.MustParseAddr("10.64.0.1")})
		}
		if got := aliases(stations); !slices.Equal(got, strings.Split(want, "|")) {
			t.Errorf("%s: aliases %q, want %q", names, got, want)
		}
	}
	text := hostsFile([]Station{{Name: "rpi3_0", Addr: netip.MustParseAddr("10.64.0.7")}, {Name: "nuc", Addr: netip.MustParseAddr("10.64.0.8")}})
	if !strings.Contains(text, "10.64.0.7 rpi3_0 rpi3-0\n") || !strings.Contains(text, "10.64.0.8 nuc\n") {
		t.Errorf("the file is %q", text)
	}
}
