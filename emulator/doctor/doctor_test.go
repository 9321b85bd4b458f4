package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
)

// engine is a runtime of which only the name and the version are asked.
type engine struct {
	noderuntime.Runtime
	name, version string
}

func (e engine) Name() string { return e.name }

// versioned is an engine that can be asked for its version.
type versioned struct{ engine }

func (v versioned) Version(context.Context) (string, error) {
	if v.version == "" {
		return "", errors.New("gone meanwhile")
	}
	return v.version, nil
}

func supported(context.Context) error { return nil }

func unsupported(reason string) func(context.Context) error {
	return func(context.Context) error { return errors.New(reason) }
}

// trialThat is a trial with that outcome.
func trialThat(err error) orchestrator.Trial {
	return func(context.Context, orchestrator.Store, string, string) error { return err }
}

func find(t *testing.T, d Diagnosis, name string) Capability {
	t.Helper()
	for _, c := range d.Capabilities {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no capability %q in %v", name, d.Capabilities)
	return Capability{}
}

func TestDiagnoseSaysWhatAutoTakes(t *testing.T) {
	h := &orchestrator.Host{
		Runtimes: []orchestrator.RuntimeOption{
			{Runtime: versioned{engine{name: "docker", version: "20.10.24 (API 1.41)"}}, Supported: supported},
			{Runtime: engine{name: "process"}, Supported: supported},
		},
		Fabrics: []orchestrator.FabricOption{
			{Name: "netem", Remedy: "modprobe it", Supported: unsupported("no\n  qdisc")},
			{Name: "userspace", Supported: supported},
		},
	}
	d := Diagnose(t.Context(), h, trialThat(nil))
	if d.Runtime != "docker" || d.Fabric != "userspace" || !d.Ready {
		t.Errorf("auto takes %q and %q, ready %v", d.Runtime, d.Fabric, d.Ready)
	}
	for name, want := range map[string]Capability{
		"runtime docker":   {OK: true, Found: "20.10.24 (API 1.41)", Follows: "runtime auto takes it"},
		"runtime process":  {OK: true, Found: "supported", Follows: "there for runtime: process"},
		"fabric netem":     {Found: "no qdisc", Follows: "fabric auto takes userspace", Remedy: "modprobe it"},
		"fabric userspace": {OK: true, Found: "supported", Follows: "fabric auto takes it"},
	} {
		want.Name = name
		if got := find(t, d, name); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestDiagnoseWithoutARuntimeIsNotReady(t *testing.T) {
	h := &orchestrator.Host{
		Runtimes: []orchestrator.RuntimeOption{{Runtime: engine{name: "docker"}, Remedy: "install it",
			Supported: unsupported("no engine answers")}},
		Fabrics: []orchestrator.FabricOption{{Name: "userspace", Supported: supported,
			New: func(string, string) fabric.Fabric { return nil }}},
	}
	d := Diagnose(t.Context(), h, trialThat(nil))
	c := find(t, d, "runtime docker")
	if d.Ready || c.OK || c.Follows != "no testbed can be brought up" || c.Remedy != "install it" {
		t.Errorf("ready %v with %+v", d.Ready, c)
	}
}

func TestAnUnknownVersionIsNoFault(t *testing.T) {
	h := &orchestrator.Host{Runtimes: []orchestrator.RuntimeOption{{Runtime: versioned{engine{name: "docker"}},
		Supported: supported}}}
	c := find(t, Diagnose(t.Context(), h, trialThat(nil)), "runtime docker")
	if !c.OK || !strings.Contains(c.Found, "gone meanwhile") {
		t.Errorf("%+v", c)
	}
}

// Every capability says what was found, and what is missing says what follows.
func TestEveryCapabilityIsExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Diagnose(t.Context(), &orchestrator.Host{}, trialThat(nil)).Capabilities {
		if c.Name == "" || c.Found == "" || seen[c.Name] {
			t.Errorf("unnamed, unexplained or twice: %+v", c)
		}
		if !c.OK && (c.Follows == "" || c.Remedy == "") {
			t.Errorf("missing, without what follows or what mends it: %+v", c)
		}
		if c.OK && c.Remedy != "" {
			t.Errorf("there, and yet to be mended: %+v", c)
		}
		seen[c.Name] = true
	}
}

func TestACheckThatHangsIsLeft(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	c := check{"engine", func(_ context.Context, c Capability) Capability { <-hang; return c }}.run(t.Context(),
		time.Millisecond)
	if c.OK || c.Name != "engine" || !strings.Contains(c.Found, "no answer") {
		t.Errorf("%+v", c)
	}
}
