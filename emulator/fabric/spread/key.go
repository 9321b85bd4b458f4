package spread

import (
	"fmt"

	"testbed/emulator/internal/runkey"
	"testbed/emulator/machines"
)

// keyOf is the key that the machines talk to one another with: the one that those have that carry the network already,
// or a new one. Two keys are those of two networks.
func keyOf(of []machines.Machine, heard []reply) (runkey.Key, error) {
	var key runkey.Key
	who := 0
	for i := range heard {
		switch {
		case heard[i].Key == (runkey.Key{}):
		case key == (runkey.Key{}):
			key, who = heard[i].Key, i
		case key != heard[i].Key:
			names := machines.Names(of)
			return key, fmt.Errorf("machines %s and %s carry networks of this name that are not the same one: take it down "+
				"and bring it up again", names[who], names[i])
		}
	}
	if key == (runkey.Key{}) {
		key = runkey.New()
	}
	return key, nil
}
