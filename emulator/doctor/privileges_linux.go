package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// What is needed to make testbeds, by capability.
var needed = []struct {
	name string
	bit  int
}{{"CAP_NET_ADMIN", unix.CAP_NET_ADMIN}, {"CAP_SYS_ADMIN", unix.CAP_SYS_ADMIN}}

func privileges(_ context.Context, c Capability) Capability {
	const follows, remedy = "validate, synth, simulate and compare work; up, run and exec do not", "run testbed with sudo"
	c.Found = fmt.Sprintf("effective user %d", os.Geteuid())
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return c.lacking(err.Error(), follows, "mount -t proc proc /proc")
	}
	missing, err := missingCapabilities(string(status))
	switch {
	case err != nil:
		return c.lacking(err.Error(), follows, remedy)
	case len(missing) > 0:
		return c.lacking(c.Found+", without "+strings.Join(missing, ", "), follows,
			remedy+"; in a container, docker run --privileged")
	case os.Geteuid() != 0:
		return c.lacking(c.Found, follows, remedy)
	}
	c.Found += ", with CAP_NET_ADMIN and CAP_SYS_ADMIN"
	return c
}

// missingCapabilities reads what a process lacks of the capabilities needed from its /proc/PID/status.
func missingCapabilities(status string) ([]string, error) {
	for line := range strings.Lines(status) {
		value, ok := strings.CutPrefix(line, "CapEff:")
		if !ok {
			continue
		}
		set, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		if err != nil {
			return nil, fmt.Errorf("/proc/self/status: CapEff: %w", err)
		}
		var missing []string
		for _, n := range needed {
			if set&(1<<n.bit) == 0 {
				missing = append(missing, n.name)
			}
		}
		return missing, nil
	}
	return nil, errors.New("/proc/self/status has no CapEff")
}

func namespaces(_ context.Context, c Capability) Capability {
	var made, refused []string
	for _, kind := range []struct {
		name string
		flag int
	}{{"net", unix.CLONE_NEWNET}, {"mount", unix.CLONE_NEWNS}, {"pid", unix.CLONE_NEWPID}, {"uts", unix.CLONE_NEWUTS}} {
		if err := inScratch(kind.flag, func() error { return nil }); err != nil {
			refused = append(refused, fmt.Sprintf("%s (%v)", kind.name, err))
		} else {
			made = append(made, kind.name)
		}
	}
	if len(refused) > 0 {
		return c.lacking("cannot be made: "+strings.Join(refused, ", "),
			"the process runtime and both fabrics are not available",
			"run testbed with sudo, outside of an unprivileged container; sysctl user.max_net_namespaces=10000")
	}
	c.Found, c.Follows = strings.Join(made, ", ")+" can be made", "the process runtime is available"
	return c
}

// What a testbed of 1000 nodes wants.
const (
	enoughFiles     = 4096
	enoughProcesses = 4096
)

func limits(_ context.Context, c Capability) Capability {
	var files, processes unix.Rlimit
	err := errors.Join(unix.Getrlimit(unix.RLIMIT_NOFILE, &files), unix.Getrlimit(unix.RLIMIT_NPROC, &processes))
	if err != nil {
		return c.lacking(err.Error(), "how large a testbed may be is not known", "ulimit -a")
	}
	pids := uint64(32768)
	if data, err := os.ReadFile("/proc/sys/kernel/pid_max"); err == nil {
		if n, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64); err == nil {
			pids = n
		}
	}
	c.Found = fmt.Sprintf("open files %s, processes %s, highest pid %d", limit(files.Max), limit(processes.Max), pids)
	c.Follows = "no limit for testbeds of 1000 hosts"
	switch {
	case files.Max < enoughFiles:
		return c.lacking(c.Found, fmt.Sprintf("testbeds of more than some %d hosts do not come up", files.Max/4),
			"ulimit -Hn 65536; in systemd, LimitNOFILE=65536")
	case min(processes.Max, pids) < enoughProcesses:
		return c.lacking(c.Found, "testbeds of many hosts do not come up", "ulimit -Hu 65536; sysctl kernel.pid_max=65536")
	}
	return c
}

func limit(n uint64) string {
	if n == unix.RLIM_INFINITY {
		return "unlimited"
	}
	return strconv.FormatUint(n, 10)
}
