package station

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
)

// settled is what Settle sets in the namespace of a station, by the variable's path.
var settled = func() map[string]string {
	all := map[string]string{"/proc/sys/net/ipv4/ip_forward": "0"}
	for _, scope := range []string{"all", "default"} {
		for _, setting := range plainHost {
			key, value, _ := strings.Cut(setting, "=")
			all["/proc/sys/net/ipv4/conf/"+scope+"/"+key] = value
		}
	}
	return all
}()

// Untuned says, in the namespace that the calling thread is in, which of the station's own variables have another
// value now; nothing where none has. It reads these alone, which takes a fraction of what Compare takes.
func Untuned(s fabric.Station) (notes []string) {
	for _, key := range slices.Sorted(maps.Keys(s.Sysctls)) {
		got, err := value(variable(key))
		if err != nil {
			notes = append(notes, fmt.Sprintf("sysctl %s: %v", key, err))
		} else if want := s.Sysctls[key]; !same(got, want) {
			notes = append(notes, fmt.Sprintf("sysctl %s is %q, not %q", key, got, want))
		}
	}
	return notes
}

// Compare says, in the namespace that the calling thread is in, which of the variables that Settle and Tune set
// for a station have another value now; nothing where none has.
func Compare(s fabric.Station) []string {
	notes := Untuned(s)
	own := map[string]bool{}
	for key := range s.Sysctls {
		own[variable(key)] = true
	}
	for path, want := range settled {
		if own[path] {
			continue
		}
		got, err := value(path)
		if errors.Is(err, unix.ENOENT) || err == nil && got == want { // an older kernel has not all of them
			continue
		}
		notes = append(notes, fmt.Sprintf("sysctl %s is %q, not %q", strings.TrimPrefix(path, "/proc/sys/"), got, want))
	}
	return notes
}

// variable is the path of a variable given as net/ipv4/ip_forward or net.ipv4.ip_forward.
func variable(key string) string {
	if !strings.Contains(key, "/") {
		key = strings.ReplaceAll(key, ".", "/")
	}
	return filepath.Join("/proc/sys", filepath.Clean("/"+key))
}

// value reads a variable. Stations have dozens of them, and a network thousands of stations, so it bypasses
// package os, whose files take several times as long.
func value(path string) (string, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	var text [512]byte
	n, err := unix.Read(fd, text[:])
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(text[:max(n, 0)])), nil
}

// same says whether the kernel tells with got what was set with want: it separates numbers in its own way, and
// writes them in decimal.
func same(got, want string) bool {
	return got == want || slices.EqualFunc(strings.Fields(got), strings.Fields(want), func(a, b string) bool {
		if a == b {
			return true
		}
		x, err := strconv.ParseInt(a, 0, 64)
		y, wrong := strconv.ParseInt(b, 0, 64)
		return err == nil && wrong == nil && x == y
	})
}
