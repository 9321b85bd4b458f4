package station

import (
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"

	"testbed/emulator/fabric"
)

// Tune sets the station's sysctls in the namespace that the calling thread is in.
func Tune(s fabric.Station) error {
	for key, value := range s.Sysctls {
		if err := Sysctl(key, value); err != nil {
			return err
		}
	}
	return nil
}

// Sysctl sets a variable, given as net/ipv4/ip_forward or net.ipv4.ip_forward, in the namespace
// that the calling thread is in.
func Sysctl(key, value string) error {
	f, err := os.OpenFile(variable(key), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("sysctl %s: %w", key, err)
	}
	_, err = f.WriteString(value)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("sysctl %s = %s: %w", key, value, err)
	}
	return nil
}

// AllowCongestion lets namespaces choose the congestion controls that stations ask for: outside the
// host's own namespace the kernel takes only those on the host's list of allowed ones. The list matters
// only while a namespace chooses, so the function returned puts it back as it was.
func AllowCongestion(stations []fabric.Station) (restore func()) {
	const list = "/proc/sys/net/ipv4/tcp_allowed_congestion_control"
	data, err := os.ReadFile(list)
	if err != nil {
		return func() {} // the namespace's own refusal tells more
	}
	before := strings.Fields(string(data))
	allowed := slices.Clone(before)
	for _, s := range stations {
		for key, value := range s.Sysctls {
			if strings.HasSuffix(key, "tcp_congestion_control") && !slices.Contains(allowed, value) {
				allowed = append(allowed, value)
			}
		}
	}
	if len(allowed) == len(before) {
		return func() {}
	}
	write := func(names []string) {
		if err := os.WriteFile(list, []byte(strings.Join(names, " ")), 0); err != nil {
			log.Printf("congestion controls %v allowed on this host: %v", names, err)
		}
	}
	write(allowed)
	return func() { write(before) }
}
