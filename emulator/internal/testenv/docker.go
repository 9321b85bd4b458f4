package testenv

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/docker/docker/client"
)

// Docker returns the address of the Docker engine that tests use: that of DOCKER_HOST, or the default one.
// Where none answers, the test is skipped with the reason, or fails where CI demands all privileges.
func Docker(t testing.TB) string {
	t.Helper()
	if os.Getenv(Unprivileged) == "1" {
		Missing(t, Unprivileged+"=1: what needs privileges is left out")
	}
	host, err := engine()
	if err != nil {
		const remedy = "run the tests under `scripts/engine run`, or set DOCKER_HOST"
		Missing(t, fmt.Sprintf("no Docker engine answers (%v): %s", err, remedy))
	}
	return host
}

// engine asks the engine whether it is there.
func engine() (string, error) {
	api, err := client.NewClientWithOpts(client.FromEnv)
	if err != nil {
		return "", err
	}
	defer func() { _ = api.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	_, err = api.Ping(ctx)
	return api.DaemonHost(), err
}

// continueSignal is SIGCONT, which package syscall has not on every system.
const continueSignal = syscall.Signal(18)

// engineTried tells a test binary that it runs under scripts/engine already.
const engineTried = "TB_ENGINE_TRIED"

// UnderEngine is called by a TestMain whose tests need a Docker engine. Where none answers and one can be
// started, the test binary is run anew under scripts/engine, which ends the engine however the tests end.
func UnderEngine() {
	if os.Getenv(Unprivileged) == "1" {
		return
	}
	if _, err := engine(); err == nil || os.Getenv(engineTried) != "" || os.Geteuid() != 0 {
		return
	}
	if _, err := exec.LookPath("dockerd"); err != nil || strings.Contains(strings.Join(os.Args, " "), "-test.list") {
		return
	}
	environ := append(os.Environ(), engineTried+"=1")
	self, err := os.Executable()
	if err == nil {
		err = syscall.Exec(engineScript(), append([]string{engineScript(), "run", self}, os.Args[1:]...), environ)
	}
	fmt.Fprintln(os.Stderr, "starting a Docker engine for the tests:", err)
}

// engineScript is the path of scripts/engine.
func engineScript() string { return script("engine") }

// script is the path of one of the scripts, from that of this file.
func script(name string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "scripts", name)
}

// PrivateEngine is a Docker engine that one test has for itself, to kill or stop it.
type PrivateEngine struct {
	Host string
	dir  string
	t    testing.TB
}

// NewPrivateEngine starts an engine that ends with the test. It skips or fails like Docker.
func NewPrivateEngine(t testing.TB) *PrivateEngine {
	t.Helper()
	Privileged(t)
	if _, err := exec.LookPath("dockerd"); err != nil {
		Missing(t, "dockerd is not installed: apt-get install docker.io")
	}
	dir, err := os.MkdirTemp("", "tb-engine.")
	if err != nil {
		t.Fatal(err)
	}
	e := &PrivateEngine{Host: "unix://" + filepath.Join(dir, "docker.sock"), dir: dir, t: t}
	t.Cleanup(func() {
		e.Signal(continueSignal) // one that a test stopped would not end
		e.script("stop")
	})
	// By which `scripts/leftovers remove` knows whether the test still runs.
	if err := os.WriteFile(filepath.Join(dir, "runner"), fmt.Append(nil, os.Getpid()), 0o600); err != nil {
		t.Fatal(err)
	}
	e.Start()
	return e
}

// Start starts the engine, also after a Signal that ended it.
func (e *PrivateEngine) Start() { e.t.Helper(); e.script("start") }

func (e *PrivateEngine) script(command string) {
	e.t.Helper()
	if out, err := exec.Command(engineScript(), command, e.dir).CombinedOutput(); err != nil {
		e.t.Errorf("scripts/engine %s: %v: %s", command, err, out)
	}
}

// Signal sends a signal to the engine's daemon.
func (e *PrivateEngine) Signal(signal syscall.Signal) {
	e.t.Helper()
	text, err := os.ReadFile(filepath.Join(e.dir, "pid"))
	if err != nil {
		return // it ended by itself
	}
	var pid int
	if _, err := fmt.Sscan(string(text), &pid); err != nil {
		e.t.Error(err)
		return
	}
	process, err := os.FindProcess(pid)
	if err == nil {
		_ = process.Signal(signal) // one that has ended already needs none
	}
}
