package station

import (
	"maps"
	"slices"

	"testbed/emulator/fabric"
)

// Untuned says, in the namespace that the calling thread is in, which of the station's own variables have another
// value now; nothing where none has. It reads these alone, which takes a fraction of what Compare takes.
func Untuned(s fabric.Station) (notes []string) {
	v, err := openVariables()
	if err != nil {
		return []string{err.Error()}
	}
	defer v.close()
	wanted := variablesOf(s)
	return v.differences(wanted, slices.Sorted(maps.Keys(wanted)))
}
