package function

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/readfile"
)

// ReadAs reads a file of at most so many bytes with the rights of a user and his group alone, so that nobody has root
// hand out what he may not read himself. Errors name the file.
func ReadAs(uid, gid int, path string, most int64) (content []byte, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The thread, whose rights these are, ends with this goroutine.
		runtime.LockOSThread()
		if unix.Geteuid() == 0 {
			if err = becomeThread(uid, gid); err != nil {
				return
			}
		}
		if content, err = readfile.All(path, most); err != nil {
			err = fmt.Errorf("as user %d, whose the function is: %w", uid, err)
		}
	}()
	<-done
	return content, err
}

// becomeThread takes root's rights to files from this thread alone. Without those of the file system user the kernel
// lets it override no permission.
func becomeThread(uid, gid int) error {
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0); errno != 0 {
		return fmt.Errorf("giving up root's groups: %w", errno)
	}
	if err := unix.Setfsgid(gid); err != nil {
		return err
	}
	if err := unix.Setfsuid(uid); err != nil {
		return err
	}
	now, err := unix.SetfsuidRetUid(-1)
	if err == nil && now != uid {
		err = fmt.Errorf("giving up root's rights to files: the user is number %d, not %d", now, uid)
	}
	return err
}
