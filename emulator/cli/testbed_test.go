package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/fake"
	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
	"testbed/emulator/units"
	"testbed/emulator/verify"
)

func TestUpListInspectDown(t *testing.T) {
	l := newBench(t)
	l.want(ExitOK, "", "ls")
	l.up()
	l.want(ExitFailure, "up already", "up", l.tiny)
	l.want(ExitOK, "3/3", "ls")
	l.want(ExitOK, "127.", "inspect", "--nodes").mustNot(t, "wifi")
	l.want(ExitOK, "127.", "inspect", "--nodes", "--links")
	l.want(ExitOK, "wifi", "inspect", "--nodes", "--links").mustNot(t, "MTU")
	l.want(ExitOK, "", "link", "set", "wifi", "mtu=1400")
	l.want(ExitOK, " 1400 ", "link", "show")
	l.want(ExitUsage, "mtu is that of both directions; write mtu=1400", "link", "set", "wifi", "mtu.up=1400")
	l.want(ExitUsage, "rtt and mtu", "link", "set", "wifi", "mtv=1")
	l.want(ExitOK, "", "link", "reset", "wifi")
	l.want(ExitOK, "", "link", "down", "nuc", "gw")
	l.want(ExitOK, "host nuc is down: it carries no packets until `testbed link up nuc`", "inspect", "--nodes")
	l.want(ExitOK, "switch gw is down: ", "link", "show")
	l.want(ExitOK, "", "link", "up", "nuc", "gw")
	l.want(ExitOK, "", "inspect").mustNot(t, "is down")
	got := l.want(ExitOK, "50Mbps", "inspect")
	for _, name := range []string{"cam", "nuc", "server", "wifi", "lan1"} {
		if !strings.Contains(got.stdout, name) {
			t.Errorf("inspect does not show %s:\n%s", name, got.stdout)
		}
	}
	var list []orchestrator.Status
	got = l.want(ExitOK, "", "ls", "-f", "json")
	err := json.Unmarshal([]byte(got.stdout), &list)
	if err != nil || len(list) != 1 || list[0].Alive != 3 || list[0].Problems == nil {
		t.Errorf("%v in %s", err, got.stdout)
	}
	l.want(ExitOK, `"differences": []`, "inspect", "-f", "json")
	other := newBench(t) // the addresses of one machine's nodes are one testbed's
	other.host.Store = l.host.Store
	other.want(ExitOK, "tiny2 is up", "up", other.tiny, "--name", "tiny2", "-f", "table")
	l.want(ExitUsage, "choose one of tiny, tiny2", "inspect")
	l.want(ExitUsage, "choose one of tiny, tiny2", "down")
	other.want(ExitOK, "", "down", "--name", "tiny2")
	l.want(ExitOK, "", "down")
	l.nothingLeft()
	l.want(ExitOK, "", "down")
	l.want(ExitOK, "", "down", "--all")
}

func (o outcome) mustNot(t *testing.T, say string) {
	t.Helper()
	if strings.Contains(o.stdout, say) {
		t.Errorf("it says %q:\n%s", say, o.stdout)
	}
}

func TestNamesThatNothingHas(t *testing.T) {
	l := newBench(t)
	l.want(ExitFailure, "no testbed is up", "inspect")
	l.want(ExitFailure, "there is no testbed typo", "down", "--name", "typo")
	l.up()
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{ExitFailure, `did you mean "tiny"?`, []string{"down", "--name", "tyny"}},
		{ExitFailure, `did you mean "tiny"?`, []string{"inspect", "--name", "tinyy"}},
		{ExitUsage, "cannot name a testbed", []string{"inspect", "--name", "NOT/OK"}},
		{ExitUsage, "cannot name a testbed", []string{"down", "--name", "../x"}},
		{ExitFailure, `did you mean "server"?`, []string{"exec", "sever", "--", "true"}},
		{ExitFailure, "gw is a switch, in which nothing runs", []string{"exec", "gw", "--", "true"}},
		{ExitFailure, `did you mean "nuc"?`, []string{"logs", "nuk"}},
		{ExitUsage, `did you mean "wifi"?`, []string{"link", "set", "wify", "rate=1Mbps"}},
		{ExitUsage, `did you mean "class:wlan"?`, []string{"link", "show", "class:wlna"}},
		{ExitUsage, "gw", []string{"link", "reset", "gw"}},
		{ExitUsage, `did you mean "delay"?`, []string{"link", "set", "wifi", "dealy=1ms"}},
		{ExitUsage, "takes links and what to set", []string{"link", "set", "wifi"}},
		{ExitUsage, "migrate needs --client", []string{"migrate", "f"}},
		{ExitUsage, "migrate needs --to", []string{"migrate", "f", "--client", "nuc"}},
		{ExitUsage, "--duration -1s is not a time", []string{"verify", "--duration", "-1s"}},
		{ExitUsage, "--rtt-error 0s is not a tolerance", []string{"verify", "--rtt-error", "0s"}},
		{ExitUsage, "--rtt-tail -1ms is not a tolerance", []string{"verify", "--rtt-tail", "-1ms"}},
		{ExitUsage, "--rate-error NaN is not a tolerance", []string{"verify", "--rate-error", "NaN"}},
		{ExitUsage, "--rate-error-fast 101 is not a tolerance", []string{"verify", "--rate-error-fast", "101"}},
		{ExitUsage, "or --all", []string{"link", "reset"}},
		{ExitUsage, "takes the names", []string{"link", "down"}},
		{ExitUsage, `no command link "sett"`, []string{"link", "sett"}},
	} {
		got := l.want(c.code, c.says, c.args...)
		if strings.Count(got.stderr, "reorder") > 1 {
			t.Errorf("%v says its keys more than once: %s", c.args, got.stderr)
		}
	}
	if !strings.Contains(l.want(ExitOK, "3/3", "ls").stdout, "running") {
		t.Error("it runs no more")
	}
}

func TestLinksBySeveralNames(t *testing.T) {
	l := newBench(t).up()
	rates := func(n int, rate string) {
		t.Helper()
		got := l.want(ExitOK, "", "link", "show", "-f", "json")
		var queues []fabric.QueueStatus
		if err := json.Unmarshal([]byte(got.stdout), &queues); err != nil || len(queues) != 6 {
			t.Fatalf("%v in %s", err, got.stdout)
		}
		want, err := units.ParseBitRate(rate)
		if err != nil {
			t.Fatal(err)
		}
		have := 0
		for _, q := range queues {
			if q.Rate == want {
				have++
			}
		}
		if have != n {
			t.Errorf("%d queues have %s, want %d", have, rate, n)
		}
	}
	l.want(ExitOK, "", "link", "set", "wifi", "lan1", "rate=7Mbps")
	rates(4, "7Mbps")
	l.want(ExitOK, "", "link", "set", "class:lan", "rate=8Mbps")
	rates(4, "8Mbps")
	l.want(ExitOK, "", "link", "set", "lan?", "rate.up=9Mbps")
	rates(2, "9Mbps")
	got := l.want(ExitOK, "", "link", "set", "*", "rate=6Mbps", "-f", "json")
	var answer struct {
		Testbed string
		Changed []fabric.Difference
	}
	err := json.Unmarshal([]byte(got.stdout), &answer)
	if err != nil || answer.Testbed != "tiny" || len(answer.Changed) < 6 {
		t.Errorf("%v in %s", err, got.stdout)
	}
	l.want(ExitUsage, "lan9", "link", "set", "wifi", "lan9", "rate=1Mbps") // all or none
	rates(6, "6Mbps")
	l.want(ExitOK, "", "link", "down", "wifi", "gw")
	l.want(ExitOK, "down", "link", "show", "wifi").mustNot(t, "lan1")
	l.want(ExitOK, "", "link", "up", "wifi", "gw")
	l.want(ExitOK, `"changed": []`, "link", "up", "wifi", "-f", "json")
	l.want(ExitOK, "", "link", "reset", "wifi")
	rates(2, "50Mbps")
	l.want(ExitOK, "", "link", "reset", "--all")
	rates(4, "1Gbps")
	l.Fail(fake.Apply, errPlanted)
	l.want(ExitFailure, "planted", "link", "set", "wifi", "rate=5Mbps")
	l.Fail(fake.Apply, nil)
	rates(2, "50Mbps")
	l.Fail(fake.Inspect, errPlanted)
	l.want(ExitFailure, "asking the fabric of tiny", "link", "show")
	l.want(ExitFailure, "asking the fabric of tiny", "inspect")
}

func TestExecAndLogs(t *testing.T) {
	l := newBench(t).up()
	l.OnExec(func(n noderuntime.Node, args []string, stdio noderuntime.Stdio) int {
		in, _ := io.ReadAll(stdio.In)
		fmt.Fprintf(stdio.Out, "%s %s %s", n.Node, strings.Join(args, " "), in)
		return len(args) - 1
	})
	l.want(ExitOK, "nuc hostname", "exec", "nuc", "--", "hostname")
	l.want(3, "cam a b c d", "exec", "cam", "a", "b", "c", "d")
	l.want(ExitUsage, "unknown tools", "exec", "--tools", "none", "cam", "a")
	l.want(ExitOK, "the log of server", "logs", "server")
	l.Kill("tiny", "server")
	l.want(ExitFailure, "is dead: `testbed logs --name tiny server` shows why", "exec", "server", "true")
	l.want(ExitOK, "the log of server", "logs", "server")
}

func TestFailuresOfUpAndDown(t *testing.T) {
	l := newBench(t)
	for _, point := range []string{fake.Start, fake.Apply} {
		l.Fail(point, errPlanted)
		l.want(ExitFailure, "planted", "up", l.tiny)
		l.Fail(point, nil)
		l.nothingLeft()
	}
	l.up()
	for _, point := range []string{fake.Stop, fake.Close} {
		l.Fail(point, errPlanted)
		got := l.want(ExitFailure, "planted", "down")
		if !strings.Contains(got.stderr, "something of tiny may be left") {
			t.Errorf("%s", got.stderr)
		}
		l.want(ExitFailure, "is stopping, not running", "inspect")
		l.Fail(point, nil)
	}
	l.want(ExitOK, "stopping", "ls")
	l.want(ExitOK, "", "down")
	l.nothingLeft()
	l.want(ExitUsage, "podman", "up", l.tiny, "--runtime", "podman")
	l.want(ExitUsage, "tc", "up", l.tiny, "--fabric", "tc")
}

func TestAnEngineThatIsGone(t *testing.T) {
	l := newBench(t)
	l.Fail(fake.Engine, errPlanted)
	l.want(ExitFailure, "runtime docker: engine: planted", "up", l.tiny, "--runtime", "docker")
	l.Fail(fake.Engine, nil)
	l.want(ExitOK, "(docker)", "up", l.tiny, "--runtime", "docker")
	l.Fail(fake.Engine, errPlanted)
	if got := l.want(ExitOK, "tiny: engine: planted", "ls"); !strings.Contains(got.stdout, "0/3") {
		t.Errorf("%s", got.stdout)
	}
	l.want(ExitFailure, "planted", "exec", "nuc", "true")
	l.want(ExitFailure, "planted", "down")
	if l.Empty() {
		t.Error("something was removed before the engine was asked")
	}
	l.want(ExitOK, "", "down", "--forget")
	l.Fail(fake.Engine, nil)
	l.want(ExitOK, "lost", "ls")
	l.want(ExitOK, "", "down", "--all")
	l.nothingLeft()
}

func TestDryRuns(t *testing.T) {
	l := newBench(t)
	l.want(ExitOK, "tiny would be up with 3 nodes and 6 queues; nothing was made", "up", l.tiny, "--dry-run")
	l.want(ExitOK, `"nodes"`, "run", l.tiny, "--dry-run", "-f", "json")
	l.nothingLeft()
}

func TestVerify(t *testing.T) {
	l := newBench(t).up()
	l.want(ExitCheck, "are off their targets", "verify")
	l.want(ExitUsage, "--only", "verify", "--only", "loss")
	l.want(ExitUsage, "at least 1", "verify", "--pings", "0")
	l.want(ExitUsage, "--ip 5: want 4 or 6", "verify", "--ip", "5")
	quick := []string{"verify", "--only", "rtt", "--rtt-error", "1s", "--rtt-tail", "1s"}
	const sampled = "measured 2 of 3 links: at most 1 of each of 2 classes; --per-class 2 measures all\n"
	l.want(ExitOK, "Links: "+sampled, quick...)
	l.want(ExitOK, "note: "+sampled, append(slices.Clone(quick), "-f", "json")...)
	if got := l.want(ExitOK, "", append(slices.Clone(quick), "-f", "json", "-q")...); got.stderr != "" {
		t.Errorf("quiet, and said %s", got.stderr)
	}
	l.want(ExitOK, "Links: measured 3 of 3 links\n", append(slices.Clone(quick), "--per-class", "2")...)
	l.want(ExitOK, "", "link", "down", "lan1")
	l.want(ExitOK, "Links: measured 2 of 3 links; the others carry nothing that could be measured\n",
		append(slices.Clone(quick), "--per-class", "2")...)
	l.want(ExitOK, "", "link", "up", "lan1")
	l.want(ExitOK, "rtt, IPv6", "verify", "--only", "rtt", "--ip", "6", "--rtt-error", "1s", "--rtt-tail", "1s")
	got := l.want(ExitOK, "", "verify", "--only", "rtt", "--rtt-error", "1s", "--rtt-tail", "1s", "-f", "json")
	var findings []verify.Finding
	if err := json.Unmarshal([]byte(got.stdout), &findings); err != nil || len(findings) == 0 || !findings[0].OK {
		t.Errorf("%v in %s", err, got.stdout)
	}
	l.Fail(fake.Measure, errPlanted)
	l.want(ExitFailure, "planted", "verify")
	l.Fail(fake.Measure, nil)
	lenient := []string{"verify", "--only", "rtt", "--rtt-error", "1s", "--rtt-tail", "1s"}
	l.want(ExitOK, "ok", lenient...)
	// A link that is down by intent is no fault, but where all are nothing is known.
	l.want(ExitOK, "", "link", "down", "wifi")
	l.want(ExitOK, "not measured: the link is down", lenient...)
	l.want(ExitOK, "", "link", "down", "lan1", "lan2")
	l.want(ExitCheck, "nothing was measured", lenient...)
	l.want(ExitOK, "", "link", "reset", "--all")
	l.Kill("tiny", "cam")
	l.want(ExitCheck, "not measured: cut off: cam is not running", lenient...)
	l.Kill("tiny", "nuc")
	l.Kill("tiny", "server")
	l.want(ExitCheck, "should be measurable", lenient...)
}

// A testbed that is up needs none of the files that it was made from.
func TestATestbedIsCompleteByItself(t *testing.T) {
	l := newBench(t)
	trace := l.file("trace.csv", "")
	if got := l.do("synth", "workload", "--jobs", "100", "-o", trace); got.code != ExitOK {
		t.Fatal(got.stderr)
	}
	text, err := os.ReadFile(l.tiny)
	if err != nil {
		t.Fatal(err)
	}
	traced := strings.ReplaceAll(string(text), "  synth: {kind: spar, jobs: 30}\n", "  trace: trace.csv\n")
	path := l.file("traced.yaml", traced)
	l.want(ExitOK, "tiny is up", "up", path)
	for _, p := range []string{trace, path} {
		if err := os.Rename(p, p+".moved"); err != nil {
			t.Fatal(err)
		}
	}
	l.want(ExitOK, "", "link", "reset", "--all")
	l.want(ExitCheck, "", "verify")
	l.want(ExitOK, "Results: ", "replay", "--report=false", "-o", filepath.Join(l.dir, "results"))
	l.want(ExitOK, "", "down")
}
