package station

import (
	"fmt"

	"testbed/emulator/fabric"
)

// Tune sets the station's sysctls in the namespace that the calling thread is in.
func Tune(s fabric.Station) error {
	v, err := openVariables()
	if err != nil {
		return err
	}
	defer v.close()
	for key, value := range s.Sysctls {
		if err := v.set(key, value); err != nil {
			return err
		}
	}
	return nil
}

// Sysctl sets a variable, given as net/ipv4/ip_forward or net.ipv4.ip_forward, in the namespace
// that the calling thread is in.
func Sysctl(key, value string) error {
	v, err := openVariables()
	if err != nil {
		return fmt.Errorf("sysctl %s: %w", key, err)
	}
	defer v.close()
	return v.set(key, value)
}
