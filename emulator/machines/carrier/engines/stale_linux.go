package engines

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/statefile"
)

// hold locks a tunnel's directory until what it returns is closed, or the program ends, however that does.
func hold(dir string) (io.Closer, error) {
	file, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), file.Close())
	}
	return file, nil
}

// young is what a program is given to lock the directory that it has made.
const young = time.Minute

// removeStale removes the directories of tunnels of this user's whose programs were killed. in is where they are;
// empty: the system's directory for such.
func removeStale(in string) {
	if in == "" {
		in = os.TempDir()
	}
	found, _ := filepath.Glob(filepath.Join(in, tunnelDirs+"*"))
	for _, dir := range found {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || !statefile.Owned(info) || time.Since(info.ModTime()) < young {
			continue
		}
		if held, err := hold(dir); err == nil {
			_ = os.RemoveAll(dir) // the next one tries again
			_ = held.Close()
		}
	}
}
