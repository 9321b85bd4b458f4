package docker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// controllerArgument makes the test binary a controller that the crash test kills.
const controllerArgument = "test-controller"

const crashNodes = 12

// controller starts nodes of a testbed in dir.
func controller(testbed, dir, secret string, count int) int {
	var own noderuntime.Secret
	if err := own.UnmarshalText([]byte(secret)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var specs []noderuntime.Spec
	for i := range count {
		specs = append(specs, noderuntime.Spec{Testbed: testbed, Node: fmt.Sprint("n", i), Args: []string{runtimetest.Agent},
			Dir: dir, Run: "r", Secret: own})
	}
	if _, err := newRuntime().Start(context.Background(), specs, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestCrashWhileStarting kills the controller at random instants: Remove, at once, must leave nothing, nor may
// the engine make anything later that the controller had asked for.
func TestCrashWhileStarting(t *testing.T) {
	r, ctx := testRuntime(t), context.Background()
	random, begun := rand.New(rand.NewPCG(testenv.Seed(t), 0)), 0
	api, err := r.connect()
	if err != nil {
		t.Fatal(err)
	}
	const tries = 8
	for i := range tries {
		testbed := bed(fmt.Sprint("crash", i))
		clean(t, r, testbed)
		secret, err := runtimetest.Secret(testbed, "r").MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		args := []string{controllerArgument, testbed, t.TempDir(), string(secret), itoa(crashNodes)}
		controller := exec.Command("/proc/self/exe", args...)
		if err := controller.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i*60+random.IntN(60)) * time.Millisecond)
		if begun == 0 && i == tries-1 { // a slow host has not come that far: the last one is killed once it has
			testenv.Eventually(t, "a container is made", func() bool {
				made, err := r.containers(ctx, api, LabelTestbed+"="+testbed, true)
				return err == nil && len(made) > 0
			})
		}
		if err := controller.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = controller.Wait()
		before, err := r.containers(ctx, api, LabelTestbed+"="+testbed, true)
		if err != nil {
			t.Fatal(err)
		}
		if len(before) > 0 {
			begun++
		}
		if err := r.Remove(ctx, testbed, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		left, err := r.containers(ctx, api, LabelTestbed+"="+testbed, true)
		if err != nil || len(left) > 0 {
			t.Errorf("%d containers are left (%v)", len(left), err)
		}
	}
	if begun == 0 {
		t.Error("no controller had made a container when it was killed: the test shows nothing")
	}
}
