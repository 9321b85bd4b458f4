package emulator

import (
	"slices"
	"testing"

	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
)

// TestMissing: what could not be asked is written down for the machines that were to be, once each.
func TestMissing(t *testing.T) {
	a, b, c := machines.Machine{ID: "a"}, machines.Machine{ID: "b"}, machines.Machine{ID: "c"}
	of := []machines.Machine{a, b, c}
	for _, test := range []struct {
		name         string
		known, asked []machines.Machine
		silent       machines.Machine
		want         []string
	}{
		{"a machine", nil, of, b, []string{"b"}},
		{"a machine that is known", []machines.Machine{b}, of, b, nil},
		{"a machine that has nothing any more", nil, []machines.Machine{a}, b, nil},
		{"the manager", nil, of, machines.Machine{ID: "swarm"}, []string{"a", "b", "c"}},
		{"the manager, where the rest is known", []machines.Machine{a}, []machines.Machine{a, c},
			machines.Machine{ID: "swarm"}, []string{"c"}},
	} {
		var known []carrier.Unfit
		for _, m := range test.known {
			known = append(known, carrier.Unfit{Machine: m})
		}
		var got []string
		for _, u := range missing(known, carrier.Unfit{Machine: test.silent, Why: "silent"}, of, test.asked) {
			if u.Why != "silent" {
				t.Errorf("%s: %s", test.name, u)
			}
			got = append(got, u.Machine.ID)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
