package docker

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types"

	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/units"
)

func TestContainerNames(t *testing.T) {
	allowed := regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`) // by the engine
	seen := map[string][2]string{}
	for _, c := range []struct{ testbed, node, want string }{
		{"iiot", "rpi3_0", "tb-iiot.rpi3_0"},
		{"a", "b-c", "tb-a.b-c"},
		{"a-b", "c", "tb-a-b.c"},
		{"a", "b.c", "tb-a.b.2ec"},
		{"a", "b.2ec", "tb-a.b.2e2ec"},
		{"a", "ü x", "tb-a..c3.bc.20x"},
	} {
		got := containerName(c.testbed, c.node)
		if got != c.want || !allowed.MatchString(got) {
			t.Errorf("%s of %s: %q, want %q", c.node, c.testbed, got, c.want)
		}
		if other, taken := seen[got]; taken {
			t.Errorf("%v and %v have the same name", other, c)
		}
		seen[got] = [2]string{c.testbed, c.node}
	}
}

func FuzzContainerNames(f *testing.F) {
	f.Add("a.b", "a.2eb")
	f.Add("ü", "u")
	f.Fuzz(func(t *testing.T, a, b string) {
		if one, two := containerName("x", a), containerName("x", b); (one == two) != (a == b) {
			t.Errorf("%q and %q become %q and %q", a, b, one, two)
		}
	})
}

func TestCheckSpecs(t *testing.T) {
	good := noderuntime.Spec{Testbed: "a", Node: "n", Dir: "rel", Args: []string{"x"}, Secret: noderuntime.NewSecret()}
	image, long, idle, limited, other, unsigned, endless := good, good, good, good, good, good, good
	unsigned.Secret = noderuntime.Secret{}
	endless.Run = strings.Repeat("r", longestRun+1)
	long.Node = strings.Repeat("n", 64)
	image.Node, image.Args, image.Image = "m", nil, "i"
	idle.Args = nil
	limited.Limits.CPU = -1
	other.Testbed = "b"
	if _, err := checkSpecs([]noderuntime.Spec{good, image}); err != nil {
		t.Error(err)
	}
	for name, specs := range map[string][]noderuntime.Spec{
		"long host name":      {long},
		"nothing to run":      {idle},
		"limit below zero":    {limited},
		"no secret":           {unsigned},
		"long run":            {endless},
		"two testbeds":        {good, other},
		"the same node twice": {good, good},
	} {
		if _, err := checkSpecs(specs); !errors.Is(err, noderuntime.ErrSpec) {
			t.Errorf("%s: got %v, want ErrSpec", name, err)
		}
	}
}

func TestResourcesStayWithinTheHost(t *testing.T) {
	host := Engine{CPUs: 2, Memory: 4 * units.GiB}
	for _, c := range []struct {
		limits        noderuntime.Limits
		nanos, memory int64
	}{
		{noderuntime.Limits{}, 0, 1 << 30}, // a quarter
		{noderuntime.Limits{CPU: 250, Memory: 64 * units.MiB}, 250e6, 64 << 20},
		{noderuntime.Limits{CPU: 64000, Memory: 512 * units.GiB}, 2e9, 4 << 30},
	} {
		got := resources(c.limits, host)
		if got.NanoCPUs != c.nanos || got.Memory != c.memory || got.MemorySwap != c.memory || *got.PidsLimit != maxPids {
			t.Errorf("%+v: %d nanoCPUs, %d bytes (%d with swap), %d pids", c.limits,
				got.NanoCPUs, got.Memory, got.MemorySwap, *got.PidsLimit)
		}
	}
}

func TestCheckPing(t *testing.T) {
	for _, c := range []struct {
		ping types.Ping
		want string // in the error; empty: none
	}{
		{types.Ping{APIVersion: "1.41", OSType: "linux"}, ""},
		{types.Ping{APIVersion: "1.51"}, ""},
		{types.Ping{APIVersion: "1.40", OSType: "linux"}, "20.10"},
		{types.Ping{APIVersion: "1.9"}, "1.41 is needed"},
		{types.Ping{}, "no Docker engine"},
		{types.Ping{APIVersion: "1.44", OSType: "windows"}, "windows"},
	} {
		err := checkPing("unix:///x", c.ping)
		refused := errors.Is(err, noderuntime.ErrNotSupported) && strings.Contains(err.Error(), c.want)
		if c.want == "" && err != nil || c.want != "" && !refused {
			t.Errorf("%+v: %v, want %q", c.ping, err, c.want)
		}
	}
}

// TestSupportedWithoutEngine probes what is no engine: nothing, one that is too old, one that never answers.
func TestSupportedWithoutEngine(t *testing.T) {
	dockerConfig(t)
	for name, c := range map[string]struct{ host, want string }{
		"nothing":  {"unix://" + filepath.Join(t.TempDir(), "none"), "systemctl start docker"},
		"nonsense": {"carrier://pigeon", "carrier"},
		"old": {"unix://" + listen(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Api-Version", "1.40")
			w.Header().Set("Ostype", "linux")
		}), "20.10"},
		"mute": {"unix://" + listen(t, func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}), "did not answer"},
	} {
		began := time.Now()
		err := New(program.At("x"), WithHost(c.host)).Supported(context.Background())
		if !errors.Is(err, noderuntime.ErrNotSupported) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if took := time.Since(began); took > testenv.Patience {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func TestRefusalHoldsBackTheEnginesMessage(t *testing.T) {
	long := strings.Repeat("x", longestRefusal)
	for _, c := range []struct {
		written []string
		out     string
		refused bool
	}{
		{[]string{"hello"}, "hello", false},
		{[]string{"OCI", "ean"}, "OCIean", false},
		{[]string{"OCI runtime", " exec failed: no such file or directory\r\n"}, "", true},
		{[]string{"O"}, "O", false},
		{[]string{refused, long, "y"}, refused + long + "y", false},
	} {
		var out bytes.Buffer
		r := &refusal{out: &out}
		for _, w := range c.written {
			if _, err := r.Write([]byte(w)); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.reason() != ""; got != c.refused {
			t.Errorf("%q: refused %v", c.written, got)
		}
		if c.refused {
			if r.status() != statusNotFound {
				t.Errorf("status %d", r.status())
			}
			continue
		}
		if err := r.flush(); err != nil || out.String() != c.out {
			t.Errorf("%q: passed on %q, %v", c.written, out.String(), err)
		}
	}
}
