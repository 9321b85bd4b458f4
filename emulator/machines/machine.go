package machines

import (
	"errors"
	"fmt"
	"math"

	"testbed/emulator/units"
)

// Most is the largest number of machines of a partition.
const Most = 64

// Machine is one host that carries a part of a scenario.
type Machine struct {
	// ID is the key by which the carrier knows it, different for each: a Swarm node's ID, or the URL or name of an engine
	// as it was given.
	ID string `json:"id"`
	// Name is what people call it: a host name, or the ID where none is known. Names may be alike; see Names.
	Name string `json:"name"`
	// Address is a host name or IP address at which the other machines reach it; empty: not known.
	Address string `json:"address,omitempty"`
	// Weight is its share of the load in proportion to the other machines' weights, in (0, 1e6]; 0 counts as 1.
	Weight float64 `json:"weight,omitempty"`
	// CPUs is how many processors it has, and Memory how many bytes; 0: not known.
	CPUs   float64        `json:"cpus,omitempty"`
	Memory units.ByteSize `json:"memory_bytes,omitempty"`
}

// maxWeight is the largest weight.
const maxWeight = 1e6

// Share is the machine's weight as it counts.
func (m *Machine) Share() float64 {
	if m.Weight == 0 {
		return 1
	}
	return m.Weight
}

// Check reports what is wrong with a list of machines: none, more than Most, one twice, a weight out of range.
func Check(list []Machine) error {
	var errs []error
	if len(list) == 0 {
		errs = append(errs, errors.New("there is no machine"))
	}
	if len(list) > Most {
		errs = append(errs, fmt.Errorf("there are %d machines, and may be %d at most", len(list), Most))
	}
	seen := map[string]bool{}
	for i := range list {
		m := &list[i]
		switch {
		case m.ID == "":
			errs = append(errs, fmt.Errorf("machine %d has no ID", i))
		case seen[m.ID]:
			errs = append(errs, fmt.Errorf("machine %q is given twice", m.ID))
		case math.IsNaN(m.Weight) || m.Weight < 0 || m.Weight > maxWeight:
			errs = append(errs, fmt.Errorf("machine %q: a weight of %v is not in (0, %g]", m.ID, m.Weight, float64(maxWeight)))
		}
		seen[m.ID] = true
	}
	return errors.Join(errs...)
}

// Names are the machines' names as people can tell them apart: the name, with the ID behind it where another has the
// same one.
func Names(list []Machine) []string {
	count := map[string]int{}
	for i := range list {
		count[list[i].Name]++
	}
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Name
		if names[i] == "" {
			names[i] = list[i].ID
		} else if count[names[i]] > 1 {
			names[i] += " (" + list[i].ID + ")"
		}
	}
	return names
}
