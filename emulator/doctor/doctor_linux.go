package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// systemChecks are in the order in which one capability builds on another.
func systemChecks() []check {
	return []check{
		{"kernel", kernel}, {"privileges", privileges}, {"namespaces", namespaces},
		{"veth", veth}, {"tun", tun}, {"packet sockets", packetSockets}, {"netem", netem},
		{"ifb", ifb}, {"redirection", redirection},
		{"tcp", congestion}, {"cgroups", cgroups}, {"limits", limits},
		{"disk", disk}, {"clock", clock}, {"cores", cores}, {"ping", ping},
	}
}

// KernelRelease is what `uname -r` prints; empty where that is not known.
func KernelRelease() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

func kernel(_ context.Context, c Capability) Capability {
	c.Found = "Linux " + KernelRelease()
	return c
}

// inScratch runs f on a thread of its own inside new namespaces, which vanish with the thread.
func inScratch(flags int, f func() error) error {
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := unix.Unshare(flags); err != nil {
			failed <- fmt.Errorf("unshare: %w", err)
			return
		}
		failed <- f()
	}()
	return <-failed
}

// Module states, as moduleState tells them.
const (
	moduleLoaded = "loaded or built in"
	moduleThere  = "a module, not loaded yet"
	moduleGone   = "not a module of this kernel"
)

// moduleState says whether the running kernel has a module. Asking does not load it.
func moduleState(name string) string {
	if _, err := os.Stat(filepath.Join("/sys/module", name)); err == nil {
		return moduleLoaded
	}
	dir := filepath.Join("/lib/modules", KernelRelease())
	for file, state := range map[string]string{"modules.builtin": moduleLoaded, "modules.dep": moduleThere} {
		if data, err := os.ReadFile(filepath.Join(dir, file)); err == nil && listsModule(string(data), name) {
			return state
		}
	}
	return moduleGone
}

// listsModule finds a module in modules.dep or modules.builtin: its file is the first thing on a line,
// possibly compressed; - and _ are the same in a module's name.
func listsModule(list, name string) bool {
	for line := range strings.Lines(list) {
		path, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		base, _, isModule := strings.Cut(filepath.Base(path), ".ko")
		if isModule && strings.ReplaceAll(base, "-", "_") == name {
			return true
		}
	}
	return false
}
