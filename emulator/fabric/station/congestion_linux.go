package station

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/proc"
)

// congestion is the host's list of congestion controls that everybody may choose, and the file that guards it: who
// changes the list for a moment has the file locked, and has written into it what he added.
type congestion struct {
	list, record string
	patience     time.Duration // for whoever has it locked
	space        string        // path of the network namespace that shows the list; empty: this process's
}

// host is this host's. The record is root's own.
var host = sync.OnceValue(func() congestion {
	c := congestion{list: "/proc/sys/net/ipv4/tcp_allowed_congestion_control", record: "/run/tb-congestion",
		patience: 30 * time.Second}
	return c.from("/proc/1")
})

// from is the list as a process sees it that is in the host's own namespaces, as the first one is: this one may be in a
// container, without a /run to write to that others see, or on one of several machines that are namespaces.
func (c congestion) from(first string) congestion {
	if elsewhere("mnt", first) {
		c.record = first + "/root" + c.record
	}
	if elsewhere("net", first) {
		c.space = first + "/ns/net"
	}
	return c
}

// elsewhere says whether a process, given by its directory, is in another namespace of a kind than this one.
func elsewhere(kind, process string) bool {
	var own, its unix.Stat_t
	err := errors.Join(unix.Stat("/proc/self/ns/"+kind, &own), unix.Stat(process+"/ns/"+kind, &its))
	return err == nil && (own.Ino != its.Ino || own.Dev != its.Dev)
}

// within does something where the list is to be seen.
func (c congestion) within(do func() error) error {
	if c.space == "" {
		return do()
	}
	return proc.OnSpareThread(func() error {
		file, err := os.Open(c.space)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering the host's network namespace: %w", err)
		}
		return do()
	})
}

// AllowCongestion lets namespaces choose the congestion controls that stations ask for: outside the host's own
// namespace the kernel takes only those on the host's list of allowed ones. The list matters only while a namespace
// chooses, so the function returned puts it back as it was; until then no other process changes it, nor relies on
// it. What a killed process has added is taken away again first. Where the list cannot be changed the log says why,
// and the namespace's own refusal follows.
func AllowCongestion(stations []fabric.Station) (restore func()) {
	var wanted []string
	for _, s := range stations {
		for key, value := range s.Sysctls {
			if strings.HasSuffix(key, "tcp_congestion_control") && !slices.Contains(wanted, value) {
				wanted = append(wanted, value)
			}
		}
	}
	if len(wanted) == 0 {
		return func() {}
	}
	restore, err := host().allow(wanted)
	if err != nil {
		log.Printf("congestion controls %v allowed on this host: %v", wanted, err)
	}
	return restore
}

// RestoreCongestion takes from the host's list what a process added that was killed before it could do so itself.
func RestoreCongestion() {
	if err := host().mend(); err != nil {
		log.Printf("congestion controls allowed on this host: %v", err)
	}
}

// allow adds what is wanted to the list.
func (c congestion) allow(wanted []string) (restore func(), err error) {
	nothing := func() {}
	there := func() error { _, err := os.Stat(c.list); return err }
	if c.within(there) != nil {
		return nothing, nil // the namespace's own refusal tells more
	}
	file, err := c.lock(c.patience)
	if err != nil {
		return nothing, err
	}
	if err := c.takeBack(file); err != nil {
		return nothing, errors.Join(err, file.Close())
	}
	allowed, err := c.allowed()
	added := slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return slices.Contains(allowed, name) })
	restore = func() {
		if err := errors.Join(c.takeBack(file), c.unlock(file)); err != nil {
			log.Printf("congestion controls %v taken from those allowed on this host: %v", added, err)
		}
	}
	if err != nil || len(added) == 0 {
		return restore, err
	}
	if _, err := file.WriteAt([]byte(strings.Join(added, " ")), 0); err != nil { // first, so that a kill can be mended
		return restore, err
	}
	return restore, c.write(append(allowed, added...))
}

// mend takes back what is recorded and nobody is at work with.
func (c congestion) mend() error {
	if _, err := os.Lstat(c.record); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	file, err := c.lock(0)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil // somebody is at work, and takes it back himself
	}
	if err != nil {
		return err
	}
	return errors.Join(c.takeBack(file), c.unlock(file))
}

// lock opens the record and locks it, waiting for whoever has it locked.
func (c congestion) lock(patience time.Duration) (*os.File, error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		fd, err := unix.Open(c.record, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.record, err)
		}
		file := os.NewFile(uintptr(fd), c.record)
		err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		if err == nil && c.named(file) {
			return file, nil
		}
		file.Close()
		if err != nil && (err != unix.EWOULDBLOCK && err != unix.EINTR || time.Now().After(deadline)) {
			return nil, fmt.Errorf("%s: locked for %v by another process: %w", c.record, patience, err)
		}
	}
}

// named tells whether a file is still the record: who had it before may have removed it.
func (c congestion) named(file *os.File) bool {
	own, err := file.Stat()
	there, failed := os.Lstat(c.record)
	return err == nil && failed == nil && os.SameFile(own, there)
}

// unlock removes the record, which is empty, and lets the next one make it.
func (c congestion) unlock(file *os.File) error {
	return errors.Join(os.Remove(c.record), file.Close())
}

// takeBack takes from the list what the record says was added, and empties the record.
func (c congestion) takeBack(record *os.File) error {
	text, err := io.ReadAll(io.NewSectionReader(record, 0, 4096))
	if err != nil || len(text) == 0 {
		return err
	}
	allowed, err := c.allowed()
	if err != nil {
		return err
	}
	added := strings.Fields(string(text))
	kept := slices.DeleteFunc(allowed, func(name string) bool { return slices.Contains(added, name) })
	if err := c.write(kept); err != nil {
		return err
	}
	return record.Truncate(0)
}

func (c congestion) allowed() ([]string, error) {
	var data []byte
	err := c.within(func() (err error) {
		data, err = os.ReadFile(c.list)
		return err
	})
	return strings.Fields(string(data)), err
}

func (c congestion) write(names []string) error {
	return c.within(func() error { return os.WriteFile(c.list, []byte(strings.Join(names, " ")), 0) })
}
