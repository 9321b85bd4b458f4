package station

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// ipv4 is the directory of most variables, below sysPath. It is opened once for all of a namespace's.
const ipv4 = "net/ipv4"

// variables are those of the namespace that a thread is in: their directories, held open.
type variables struct{ sys, ipv4 int }

// openVariables opens those of the namespace that the calling thread is in; the caller closes them.
func openVariables() (variables, error) {
	sys, err := procs.open()
	if err != nil {
		return variables{}, &fs.PathError{Op: "open", Path: sysPath, Err: err}
	}
	dir, err := unix.Openat(sys, ipv4, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Close(sys)
		return variables{}, &fs.PathError{Op: "open", Path: filepath.Join(sysPath, ipv4), Err: err}
	}
	return variables{sys, dir}, nil
}

func (v variables) close() {
	unix.Close(v.ipv4)
	unix.Close(v.sys)
}

// at is where a variable is: a directory and a path in it.
func (v variables) at(key string) (dir int, path string) {
	path = variable(key)
	if below, ok := strings.CutPrefix(path, ipv4+"/"); ok {
		return v.ipv4, below
	}
	return v.sys, path
}

// set sets a variable, given as net/ipv4/ip_forward or net.ipv4.ip_forward. A network of thousands of stations has a
// hundred thousand of them, so it bypasses package os.
func (v variables) set(key, value string) error {
	dir, path := v.at(key)
	fd, err := unix.Openat(dir, path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("sysctl %s: %w", key, failed("open", key, err))
	}
	defer unix.Close(fd)
	for {
		_, err := unix.Write(fd, []byte(value))
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EINTR):
			return fmt.Errorf("sysctl %s = %s: %w", key, value, failed("write", key, err))
		}
	}
}

func failed(op, key string, err error) error {
	return &fs.PathError{Op: op, Path: filepath.Join(sysPath, variable(key)), Err: err}
}

// differences says which of the station's own variables have another value than is wanted.
func (v variables) differences(wanted map[string]string, keys []string) (notes []string) {
	for _, key := range keys {
		dir, path := v.at(key)
		got, err := value(dir, path)
		if err != nil {
			notes = append(notes, fmt.Sprintf("sysctl %s: %v", key, err))
		} else if want := wanted[key]; !same(got, want) {
			notes = append(notes, fmt.Sprintf("sysctl %s is %q, not %q", key, got, want))
		}
	}
	return notes
}

// variable is the path, below sysPath, of a variable given as net/ipv4/ip_forward or net.ipv4.ip_forward.
func variable(key string) string {
	if !strings.Contains(key, "/") {
		key = strings.ReplaceAll(key, ".", "/")
	}
	return strings.TrimPrefix(filepath.Clean("/"+key), "/")
}
