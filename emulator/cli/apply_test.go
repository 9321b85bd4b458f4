package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/fake"
)

func TestWhatIsNotWellIsSaidAndMended(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(l *bench)
		ls     string
		apply  string
	}{
		"a node killed": {
			func(l *bench) { l.Kill("tiny", "nuc") },
			"tiny: node nuc is dead", "replace node nuc",
		},
		"a node restarted": {
			func(l *bench) { _ = l.Restart("tiny", "nuc") },
			"tiny: node nuc is restarted", "rejoin node nuc",
		},
		"a node paused": {
			func(l *bench) { l.Pause("tiny", "nuc") },
			"3/3 (1 paused)", "note: node nuc is paused, and left so",
		},
		"the fabric killed": {
			func(l *bench) { l.KillFabric("tiny") },
			"tiny: the fabric: nothing carries the network", "make the network anew: nothing carries the network",
		},
		"hands": {
			func(l *bench) { l.Tamper("tiny", func(q []fabric.QueueStatus) { q[0].Rate = 1000 }) },
			"3/3", "change wifi from cam",
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newBench(t).up()
			c.damage(l)
			l.want(ExitOK, c.ls, "ls")
			dry := l.want(ExitOK, c.apply, "apply", l.tiny, "--dry-run")
			if !strings.Contains(dry.stdout, "would be changed") {
				t.Errorf("dry run: %s", dry.stdout)
			}
			l.want(ExitOK, c.apply, "apply", l.tiny)
			if name != "a node paused" {
				l.want(ExitOK, "0 nodes and 0 queues changed", "apply", l.tiny)
			}
			l.want(ExitOK, "", "down")
			l.nothingLeft()
		})
	}
}

func TestChangesBesideADeadNode(t *testing.T) {
	l := newBench(t).up()
	l.Kill("tiny", "nuc")
	l.want(ExitOK, "these nodes do not run, and the rest was changed: nuc", "link", "set", "wifi", "rate=5Mbps")
	l.want(ExitOK, "`testbed apply SCENARIO` mends", "inspect")
}

func TestApplyAnEditedScenario(t *testing.T) {
	l := newBench(t).up()
	text, err := os.ReadFile(l.tiny)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer(
		"    gw:", "    more: {class: nuc, memory: 1GiB, cpu: 2}\n    gw:",
		"workload:", "    - {name: lan3, class: lan, endpoints: [more, gw], rate: 10Mbps}\nworkload:",
		"50Mbps", "40Mbps",
	).Replace(string(text))
	path := l.file("edited.yaml", edited)
	got := l.want(ExitOK, "start node more", "apply", path)
	if !strings.Contains(got.stdout, "change wifi from cam") || !strings.Contains(got.stdout, "1 node and") {
		t.Errorf("%s", got.stdout)
	}
	l.want(ExitOK, "4/4", "ls")
	got = l.want(ExitOK, `"stopped"`, "apply", l.tiny, "-f", "json")
	var answer applied
	err = json.Unmarshal([]byte(got.stdout), &answer)
	if err != nil || len(answer.Stop) != 1 || answer.Stop[0] != "more" {
		t.Errorf("%v in %s", err, got.stdout)
	}
	l.want(ExitUsage, "bad.yaml:1:", "apply", l.file("bad.yaml", "nome: x\n"))
	l.want(ExitFailure, "not running", "apply", l.tiny, "--name", "other")
	for _, point := range []string{fake.Start, fake.Apply, fake.Half} {
		l.Fail(point, errPlanted)
		l.want(ExitFailure, "planted", "apply", path)
		l.Fail(point, nil)
	}
	l.want(ExitOK, "", "apply", path)
	l.want(ExitOK, "4/4", "ls")
}
