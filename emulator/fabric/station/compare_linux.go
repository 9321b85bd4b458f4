package station

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
)

// settled is what Settle sets in the namespace of a station, by the variable's path under ipv4, as far as it
// matters for interfaces that are there, and what its interface has taken over of it.
var settled = func() map[string]string {
	all := map[string]string{"ip_forward": "0", "conf/" + fabric.Interface + "/forwarding": "0"}
	for _, setting := range plainHost {
		key, value, _ := strings.Cut(setting, "=")
		all["conf/all/"+key], all["conf/"+fabric.Interface+"/"+key] = value, value
	}
	return all
}()

// Resettle sets, in the namespace that the calling thread is in, what Settle does there, and the same for the
// station's interface, which is there already.
func Resettle() error {
	if err := Settle(false); err != nil {
		return err
	}
	v, err := openVariables()
	if err != nil {
		return err
	}
	defer v.close()
	for path, value := range settled {
		err := v.set("net/ipv4/"+path, value)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // an older kernel has not all of them
			return err
		}
	}
	return nil
}

// Compare says, in the namespace that the calling thread is in, which of the variables that Settle and Tune set
// for a station have another value now; nothing where none has.
func Compare(s fabric.Station) []string {
	v, err := openVariables()
	if err != nil {
		return []string{err.Error()}
	}
	defer v.close()
	wanted := variablesOf(s)
	keys := slices.Sorted(maps.Keys(wanted))
	// What forwards does so at its interface, which follows.
	notes, own := v.differences(wanted, keys), map[string]bool{"conf/" + fabric.Interface + "/forwarding": s.Forwards}
	for _, key := range keys {
		path, _ := strings.CutPrefix(variable(key), ipv4+"/")
		own[path] = true
	}
	for path, want := range settled {
		if own[path] {
			continue
		}
		got, err := value(v.ipv4, path)
		if errors.Is(err, unix.ENOENT) || err == nil && got == want { // an older kernel has not all of them
			continue
		}
		notes = append(notes, fmt.Sprintf("sysctl net/ipv4/%s is %q, not %q", path, got, want))
	}
	return notes
}

// value reads the variable at a path in a directory. Stations have dozens of them, and a
// network thousands of stations, so it bypasses package os, whose files take several times as long.
func value(dir int, path string) (string, error) {
	fd, err := unix.Openat(dir, path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
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
