package emulator_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"testbed/emulator"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/run"
	"testbed/emulator/verify"
)

// received counts the bytes of IPv4 and IPv6 packets that came to a namespace.
func received(t *testing.T, ns netns.Ref) (four, six int64) {
	t.Helper()
	var tables [2]string
	err := netns.Do(ns, func() error {
		for i, name := range []string{"netstat", "snmp6"} {
			text, err := os.ReadFile("/proc/thread-self/net/" + name)
			if err != nil {
				return err
			}
			tables[i] = string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(tables[0]) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "IpExt:" {
			continue
		}
		for i, name := range names {
			if name == "InOctets" && i < len(fields) {
				four, err = strconv.ParseInt(fields[i], 10, 64)
			}
		}
		names = fields
	}
	for line := range strings.Lines(tables[1]) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "Ip6InOctets" && err == nil {
			six, err = strconv.ParseInt(fields[1], 10, 64)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return four, six
}

// TestFunctionsOverIPv6InContainers: nodes that are containers call functions over IPv6 alone where the scenario says
// so, under models that keep states with a repository and with the client, and reach each other over both versions.
func TestFunctionsOverIPv6InContainers(t *testing.T) {
	engine := testenv.NewPrivateEngine(t)
	t.Setenv("DOCKER_HOST", engine.Host)
	w := newReal(t)
	text, err := os.ReadFile("../scenarios/smoke.yaml")
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("six-%d", os.Getpid())
	edited := strings.NewReplacer("name: smoke\n", "name: "+name+"\nip: 6\nruntime: docker\nfabric: userspace\n",
		"models: [external, in-edge, in-function, in-client]", "models: [external, in-client]").Replace(string(text))
	e := loaded(t, t.TempDir(), edited)
	bed, err := w.of.Up(t.Context(), e, emulator.UpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.of.Remove(context.Background(), name, true, nil); err != nil {
			t.Error(err)
		}
	})
	findings, err := bed.Verify(t.Context(), "test", verify.Options{PerClass: 1, Pings: 10, Only: "rtt",
		Tolerance: verify.Tolerance{RTTMedian: time.Minute, RTTTail: time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	over := map[int]int{}
	for _, f := range findings {
		if f.Off() {
			t.Errorf("%+v", f)
		} else if !f.Skipped {
			over[f.IP]++
		}
	}
	if over[4] == 0 || over[6] != over[4] {
		t.Errorf("round trips over IPv4 and IPv6: %v", over)
	}
	octets := func() (four, six int64) {
		for _, id := range e.Topology.Hosts() {
			node, err := bed.Node(e.Topology.Vertices[id].Name)
			if err != nil {
				t.Fatal(err)
			}
			f, s := received(t, node.Namespace())
			four, six = four+f, six+s
		}
		return four, six
	}
	fourBefore, sixBefore := octets()
	outcome, err := bed.Run(t.Context(), run.Config{Results: t.TempDir()})
	if err != nil || outcome.Failures() > 0 {
		t.Fatalf("%v, %q", err, outcome.Summary.Errors)
	}
	four, six := octets()
	done := 0
	for _, m := range outcome.Summary.Models {
		done += m.Done
	}
	t.Logf("%d chains, %d bytes over IPv6 and %d over IPv4", done, six-sixBefore, four-fourBefore)
	if done != 8 || six-sixBefore < 100_000 || four-fourBefore > (six-sixBefore)/100 {
		t.Errorf("%d chains, %d bytes over IPv6 and %d over IPv4", done, six-sixBefore, four-fourBefore)
	}
}
