package process

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// controllerArgument makes the test binary a controller that the crash test kills.
const controllerArgument = "test-controller"

// The arguments that make the test binary something that only looks like a node; dropping, behind which another
// follows, drops all capabilities first.
const (
	standIn  = "test-stand-in"
	dropping = "test-without-capabilities"
)

// stand stays for a while.
func stand(args []string) int {
	if args[0] == dropping {
		header, none := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
		if err := unix.Prctl(unix.PR_SET_SECUREBITS, secureNoRoot, 0, 0, 0); err != nil {
			return 1
		}
		if err := unix.Capset(&header, &none[0]); err != nil {
			return 1
		}
		_ = unix.Exec("/proc/self/exe", append([]string{ArgvZero}, args[1:]...), nil)
		return 1
	}
	time.Sleep(time.Hour)
	return 0
}

// secureNoRoot is SECBIT_NOROOT: root's numbers give no capabilities.
const secureNoRoot = 1

// TestMain lets the test binary be a node, a probe, or a controller.
func TestMain(m *testing.M) {
	args := os.Args[1:]
	if len(args) > 0 && (args[0] == standIn || args[0] == dropping) {
		os.Exit(stand(args))
	}
	if len(args) > 0 && args[0] == InitCommand {
		rest, err := Init(args[1:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "tb-node:", err)
			os.Exit(1)
		}
		args = rest
	}
	if len(args) > 0 && args[0] == controllerArgument {
		os.Exit(controller(args[1:]))
	}
	if len(args) > 0 && args[0] == executorArgument {
		os.Exit(executor(args[1:]))
	}
	if code, ok := runtimetest.Main(args); ok {
		os.Exit(code)
	}
	testenv.DefaultSignals()
	os.Exit(m.Run())
}

// controller starts COUNT nodes of TESTBED in DIR that do as AGENT says, with names in NAMES.
func controller(args []string) int {
	testbed, dir, agent, names := args[0], args[1], args[3], args[4]
	count, err := strconv.Atoi(args[2])
	if err != nil {
		return 2
	}
	specs := nodeSpecs(testbed, dir, count, runtimetest.Agent)
	specs[count-1].Args = []string{agent}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r := New(program.At("/proc/self/exe"), nil)
	r.Names = names
	if _, err := r.Start(ctx, specs, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func nodeSpecs(testbed, dir string, count int, args ...string) []noderuntime.Spec {
	specs := make([]noderuntime.Spec, count)
	for i := range specs {
		specs[i] = noderuntime.Spec{Testbed: testbed, Node: fmt.Sprint("n", i), Args: args, Dir: dir, HostsAt: "/etc/hosts"}
	}
	return specs
}
