package emulator_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"testbed/emulator"
	"testbed/emulator/internal/fake"
	"testbed/emulator/internal/fake/fakehost"
	"testbed/emulator/orchestrator"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
	"testbed/emulator/topology"
)

// onFakes is a machine in memory, its host, and the small scenario.
func onFakes(t *testing.T) (*fake.Machine, *emulator.Host, *resolved.Scenario) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("testbeds run on Linux only")
	}
	m, h := fakehost.New(t.TempDir())
	return m, h, load(t, fakehost.Scenario)
}

func load(t *testing.T, text string) *resolved.Scenario {
	t.Helper()
	return loaded(t, t.TempDir(), text)
}

// Errors about what the caller gave are told apart from those about the host.
func TestErrorsOfTheInput(t *testing.T) {
	m, h, e := onFakes(t)
	ctx := t.Context()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("nome: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.Fail(fake.Start, errPlanted)
	for what, c := range map[string]struct {
		do    func() error
		input bool
	}{
		"a bad scenario":    {func() error { _, err := emulator.Load(bad); return err }, true},
		"no scenario":       {func() error { _, err := emulator.Load(bad + "x"); return err }, true},
		"a bad name":        {func() error { _, err := h.Up(ctx, e, emulator.UpOptions{Name: "NOT/OK"}); return err }, true},
		"a bad name, again": {func() error { _, err := h.Open(ctx, "NOT/OK"); return err }, true},
		"a bad name, down":  {func() error { return h.Remove(ctx, "..", false, nil) }, true},
		"nothing is up":     {func() error { _, err := h.Open(ctx, ""); return err }, false},
		"the host":          {func() error { _, err := h.Up(ctx, e, emulator.UpOptions{}); return err }, false},
	} {
		if err := c.do(); err == nil || errors.Is(err, emulator.ErrInput) != c.input {
			t.Errorf("%s: %v", what, err)
		}
	}
	m.Fail(fake.Start, nil)
	if !m.Empty() {
		t.Error("something is left")
	}
}

func TestWhichTestbedIsMeant(t *testing.T) {
	_, h, e := onFakes(t)
	ctx := t.Context()
	if name, err := h.Name(ctx); err != nil || name != "" {
		t.Errorf("of none: %q, %v", name, err)
	}
	if _, err := h.Up(ctx, e, emulator.UpOptions{Name: "one"}); err != nil {
		t.Fatal(err)
	}
	if name, err := h.Name(ctx); err != nil || name != "one" {
		t.Errorf("of one: %q, %v", name, err)
	}
	if b, err := h.Open(ctx, ""); err != nil || b.Journal.Testbed != "one" {
		t.Error(err)
	}
	// Half a testbed counts as well: its directory is there.
	if err := os.Mkdir(h.Store.Dir("two"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Name(ctx); !errors.Is(err, emulator.ErrInput) || !strings.Contains(err.Error(), "one, two") {
		t.Errorf("of two: %v", err)
	}
	if _, err := h.Open(ctx, ""); !errors.Is(err, emulator.ErrInput) || !strings.Contains(err.Error(), "one, two") {
		t.Errorf("of two: %v", err)
	}
	all, err := h.Statuses(ctx)
	if err != nil || len(all) != 2 || all[0].Alive != 3 || all[1].Phase != "lost" {
		t.Errorf("%+v, %v", all, err)
	}
	for _, name := range []string{"one", "two"} {
		if err := h.Remove(ctx, name, false, nil); err != nil {
			t.Error(err)
		}
	}
	if err := h.Remove(ctx, "one", false, nil); !errors.Is(err, orchestrator.ErrNotRunning) {
		t.Errorf("a second time: %v", err)
	}
}

func TestSelect(t *testing.T) {
	top := load(t, fakehost.Scenario).Topology
	for _, c := range []struct {
		names []string
		kinds []topology.Kind
		want  string
	}{
		{[]string{"wifi"}, nil, "wifi"}, {[]string{"lan*", "wifi", "lan1"}, nil, "wifi lan1 lan2"},
		{[]string{"class:lan"}, nil, "lan1 lan2"}, {[]string{"*"}, []topology.Kind{topology.Link}, "wifi lan1 lan2"},
		{[]string{"gw", "nuc"}, nil, "nuc gw"}, {[]string{"lan[2]"}, nil, "lan2"},
		{[]string{"gw"}, []topology.Kind{topology.Link}, `! there is no link "gw"; it is a switch`},
		{[]string{"wify"}, []topology.Kind{topology.Link}, `! did you mean "wifi"?`},
		{[]string{"class:x"}, nil, `! no link, host or switch is of the class "x"; there is class:camera, class:lan, ` +
			"class:nuc, class:server, class:wlan;"},
		{[]string{"class:nope"}, []topology.Kind{topology.Link},
			`! no link is of the class "nope"; there is class:lan, class:wlan;`},
		{[]string{"class:wlna"}, []topology.Kind{topology.Link},
			`! did you mean "class:wlan"? there is class:lan, class:wlan;`},
		{[]string{"class:camera"}, []topology.Kind{topology.Link},
			"! that is a class of what is a host; there is class:lan, class:wlan;"},
		{[]string{"class:lan"}, []topology.Kind{topology.Switch},
			"! that is a class of what is a link; none of them has a class"},
		{[]string{"[", "wifi"}, nil, `! there is no link, host or switch "["`},
	} {
		ids, err := emulator.Select(top, c.names, c.kinds...)
		var names []string
		for _, id := range ids {
			names = append(names, top.Vertices[id].Name)
		}
		if want, fails := strings.CutPrefix(c.want, "! "); fails {
			if !errors.Is(err, emulator.ErrInput) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %v, want %q", c.names, err, want)
			}
		} else if got := strings.Join(names, " "); err != nil || got != c.want {
			t.Errorf("%v: %s, %v; want %s", c.names, got, err, c.want)
		}
	}
}

// One run at a time; what comes to a run's end keeps its directory.
func TestRunsOfABed(t *testing.T) {
	m, h, e := onFakes(t)
	bed, err := h.Up(t.Context(), e, emulator.UpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lease, err := bed.Begin(t.Context(), "another")
	if err != nil {
		t.Fatal(err)
	}
	config := run.Config{Results: t.TempDir()}
	_, err = bed.Run(t.Context(), config)
	if !errors.Is(err, orchestrator.ErrBusy) || !strings.Contains(err.Error(), "another") {
		t.Errorf("a second run: %v", err)
	}
	lease.End()
	ctx, cancel := context.WithCancel(t.Context())
	config.Phase = func(phase string) {
		if strings.HasPrefix(phase, "replaying") {
			cancel()
		}
	}
	if outcome, err := bed.Run(ctx, config); !errors.Is(err, context.Canceled) || outcome.Dir == "" {
		t.Errorf("a run that is interrupted: %v", err)
	}
	// Opened by another, the bed reads its own copy of the scenario.
	again, err := h.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	config.Phase = nil
	if outcome, err := again.Run(t.Context(), config); err != nil || outcome.Failures() > 0 || len(outcome.Reports) == 0 {
		t.Errorf("%+v, %v", outcome, err)
	}
	if err := h.Remove(t.Context(), "tiny", false, nil); err != nil || !m.Empty() {
		t.Error(err)
	}
	if _, err := again.Run(t.Context(), config); !errors.Is(err, orchestrator.ErrNotRunning) {
		t.Errorf("a run after down: %v", err)
	}
}

func TestDesiredIsWhatUpMakes(t *testing.T) {
	_, h, e := onFakes(t)
	d, err := h.Desired(t.Context(), e, emulator.UpOptions{Runtime: "process", Fabric: "userspace"})
	if err != nil || len(d.Nodes) != 3 || len(d.Links) != 6 || d.Runtime != "process" || d.Fabric != "userspace" {
		t.Fatalf("%+v, %v", d, err)
	}
	if err := h.Check(e); err != nil {
		t.Errorf("what Up makes is refused: %v", err)
	}
	bed, err := h.Up(t.Context(), e, emulator.UpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range bed.Journal.Nodes {
		if n.Name != d.Nodes[i].Name || n.Kind != d.Nodes[i].Kind {
			t.Errorf("%+v, and %+v was said", n, d.Nodes[i])
		}
	}
	if err := h.Remove(t.Context(), "tiny", false, nil); err != nil {
		t.Error(err)
	}
}

// This machine's own options: what each needs is said or there.
func TestNewHost(t *testing.T) {
	h := emulator.NewHostAt(orchestrator.Store(t.TempDir()), filepath.Join(t.TempDir(), "key"), os.Args[0], "test")
	if len(h.Runtimes) != 2 || len(h.Fabrics) != 2 || h.Prune == nil {
		t.Errorf("%d runtimes, %d fabrics", len(h.Runtimes), len(h.Fabrics))
	}
	for _, f := range h.Fabrics {
		if err := f.Supported(t.Context()); err != nil && !strings.Contains(err.Error(), "not supported") {
			t.Errorf("%s: %v", f.Name, err)
		}
		if f.New(t.TempDir(), "x").Name() != f.Name {
			t.Errorf("%s makes another", f.Name)
		}
	}
	if emulator.NewHost("x", "y").Store != orchestrator.DefaultStore {
		t.Error("the store is not the default one")
	}
}
