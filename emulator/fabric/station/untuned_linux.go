package station

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
)

// Untuned says, in the namespace that the calling thread is in, which of the station's own variables have another
// value now; nothing where none has. It reads these alone, which takes a fraction of what Compare takes.
func Untuned(s fabric.Station) (notes []string) {
	dir, err := unix.Open(ipv4, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", ipv4, err)}
	}
	defer unix.Close(dir)
	for _, key := range slices.Sorted(maps.Keys(s.Sysctls)) {
		path, _ := strings.CutPrefix(variable(key), ipv4+"/")
		got, err := value(dir, path)
		if err != nil {
			notes = append(notes, fmt.Sprintf("sysctl %s: %v", key, err))
		} else if want := s.Sysctls[key]; !same(got, want) {
			notes = append(notes, fmt.Sprintf("sysctl %s is %q, not %q", key, got, want))
		}
	}
	return notes
}
