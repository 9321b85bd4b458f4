package docker

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// impostorEnv makes the test binary stay, whatever its arguments are.
const impostorEnv = "TB_TEST_IMPOSTOR"

// TestMain lets the test binary be a node or a probe, and sees to an engine.
func TestMain(m *testing.M) {
	if os.Getenv(impostorEnv) != "" {
		time.Sleep(time.Hour)
	}
	if os.Getpid() == 1 {
		go runtimetest.Reap()
	}
	if code, ok := runtimetest.Main(os.Args[1:]); ok {
		os.Exit(code)
	}
	if len(os.Args) == 6 && os.Args[1] == controllerArgument {
		count, _ := strconv.Atoi(os.Args[5])
		os.Exit(controller(os.Args[2], os.Args[3], os.Args[4], count))
	}
	if len(os.Args) == 4 && os.Args[1] == insideArgument {
		os.Exit(insideOf(os.Args[2], os.Args[3]))
	}
	testenv.UnderEngine()
	testenv.DefaultSignals()
	code := m.Run()
	// The image of this very binary would never be used again.
	if r := newRuntime(); os.Getenv("TB_KEEP_IMAGES") == "" && r.Supported(context.Background()) == nil {
		if _, _, err := r.Prune(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// bed is a testbed's name that no other test process uses at the same time.
func bed(name string) string { return fmt.Sprintf("t%d-%s", os.Getpid(), name) }

// testRuntime runs nodes with this test binary on the tests' engine.
func testRuntime(t testing.TB, opts ...Option) *Runtime {
	testenv.Privileged(t)
	testenv.Docker(t)
	if file, _, err := openStatic("/proc/self/exe"); err != nil {
		testenv.Missing(t, "the nodes run this test binary: "+err.Error())
	} else {
		file.Close()
	}
	return newRuntime(opts...)
}

// newRuntime runs nodes with this test binary, whose network namespaces get no names. It knows the secrets of the
// suite's testbeds and, so that each test process makes the same image, a key that is no secret.
func newRuntime(opts ...Option) *Runtime {
	key := func() noderuntime.Secret { return noderuntime.Secret{1} }
	all := []Option{WithKey(key), WithSecrets(testSecrets), WithNames("")}
	return New(program.At("/proc/self/exe"), append(all, opts...)...)
}

func testSecrets(testbed, run string) []noderuntime.Secret {
	return []noderuntime.Secret{noderuntime.NewSecret(), runtimetest.Secret(testbed, run)}
}

// clean removes a testbed at the test's end and fails where something is left.
func clean(t testing.TB, r *Runtime, testbed string) {
	t.Cleanup(func() {
		if err := r.Remove(context.Background(), testbed, nil); err != nil {
			t.Error(err)
		}
	})
}

func nodeSpecs(t testing.TB, testbed string, count int, args ...string) []noderuntime.Spec {
	specs, dir := make([]noderuntime.Spec, count), t.TempDir()
	for i := range specs {
		specs[i] = noderuntime.Spec{Testbed: testbed, Node: fmt.Sprint("n", i), Args: args, Dir: dir,
			HostsAt: "/etc/hosts", Run: "a-run", Secret: runtimetest.Secret(testbed, "a-run")}
	}
	return specs
}

func TestConformance(t *testing.T) {
	testRuntime(t)
	runtimetest.Run(t, func(t testing.TB) noderuntime.Runtime { return testRuntime(t) }, binaryInside, bed(""))
}
