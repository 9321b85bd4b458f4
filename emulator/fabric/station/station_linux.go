package station

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"testbed/emulator/fabric"
)

// variablesOf are a station's own: its sysctls, and of one that forwards what lets it.
func variablesOf(s fabric.Station) map[string]string {
	if !s.Forwards {
		return s.Sysctls
	}
	all := map[string]string{}
	maps.Copy(all, s.Sysctls)
	all["net/ipv4/ip_forward"] = "1"
	if _, err := os.Stat(filepath.Join(sysPath, "net/ipv6/conf")); err == nil {
		all["net/ipv6/conf/all/forwarding"] = "1"
	}
	return all
}

// Tune sets the station's sysctls in the namespace that the calling thread is in.
func Tune(s fabric.Station) error {
	v, err := openVariables()
	if err != nil {
		return err
	}
	defer v.close()
	for key, value := range variablesOf(s) {
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
