package proc

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// own are the namespaces in which this program started, by kind, and that of the host's first process. They
// are looked at before anything else runs, for a thread that works in another namespace may later be the
// one that /proc/self shows.
var own = func() map[string][]uint64 {
	all := map[string][]uint64{}
	for _, kind := range []string{"net", "mnt", "pid", "uts", "user"} {
		for _, process := range []string{"self", "1"} {
			var st unix.Stat_t
			if unix.Stat("/proc/"+process+"/ns/"+kind, &st) == nil {
				all[kind] = append(all[kind], st.Ino)
			}
		}
	}
	return all
}()

// OwnNamespace is the number of the namespace of a kind in which this program started; 0: there is none.
func OwnNamespace(kind string) uint64 {
	if len(own[kind]) == 0 {
		return 0
	}
	return own[kind][0]
}

// IsHostNamespace tells whether a namespace is the one in which this program started, or that of the first
// process that it can see.
func IsHostNamespace(kind string, inode uint64) bool {
	for _, o := range own[kind] {
		if o == inode {
			return true
		}
	}
	return false
}

// OnSpareThread runs f on a thread that is thrown away afterwards, so that f may leave it in namespaces of any
// kind. It is never the process's main thread, which cannot be thrown away, and whose namespaces
// /proc/self shows.
func OnSpareThread(f func() error) error {
	done := make(chan error, 1)
	var attempt func()
	attempt = func() {
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			// While this goroutine keeps the main thread, the next one gets another.
			next := make(chan struct{})
			go func() { defer close(next); attempt() }()
			<-next
			runtime.UnlockOSThread()
			return
		}
		done <- f() // never unlocked: the thread ends with the goroutine
	}
	go attempt()
	return <-done
}
