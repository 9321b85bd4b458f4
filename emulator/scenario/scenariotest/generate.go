package scenariotest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// wrong are the values put in the place of each key's good one: those that the schema refuses too and,
// behind the bar, those that only Parse does.
var wrong = map[string]string{
	"name": "12 [a] -x a/b a.b", "description": "5 [a] {a: b}", "seed": "-1 one 1.5 [1]|99999999999999999999 0x10",
	"kind": "router 3 [host]", "class": "5 [a] -bad", "model": "7 {a: b}", "arch": "[x] 9",
	"memory": "1024 -1GiB 1Gb big [1GiB]|0B 999999TB", "cpu": "four -1 0 [4] 1e9", "type": "full 2",
	"endpoints": "cam [cam] {a: b} []|[cam, gx] [cam, cam]",
	"rate":      "50 fast -1Mbps 50MBps 50ms [50Mbps] NaN|", "up": "5 5MB quick|0bps", "down": "1ms -2Mbps [1]|9999Tbps",
	"delay": "3 -3ms 3parsecs 3Mbps 1d|99h", "jitter": "1 -1ms 1MB|9ms", "loss": "2 -0.1 -1% half 1ms .nan .inf|99.9% 1000%",
	"queue": "100 -1KiB 10Mbit 2ms|1B", "rtt": "10 x -1ms|9h", "at": "5 [ix]|iz cam nowhere",
	"jobs": "0 -1 many 1.5 [1]", "functions": "0 -5 ten", "ops-factor": "0 -1 x .inf", "arg-factor": "-1 x .nan",
	"state-factor": "-1 y", "clients": "camera [] [1]|[nobody] [camera, camera]", "min-length": "0 x -3",
	"max-length": "0 -1 long", "strict": "maybe 1 yes", "policy": "net 1", "speed": "memory fast",
	"models": "external [] [cloud]|[external, external]", "compute": "real 0", "warmup": "on 0 warm",
	"timeout": "60 -1s soon|0s 1ns 2h", "congestion": "5 Cubic [x]", "slow-start-after-idle": "no 0",
	"runtime": "podman 1", "fabric": "tc 2",
}

// BadFiles makes some three hundred broken files from Good, always the same ones: each key misspelt,
// without a value or given twice, each value replaced by ones of a wrong type, unit or range, each
// section by a number, and files wrong as a whole.
func BadFiles() []Case {
	g := generator{lines: strings.Split(strings.TrimSuffix(Good, "\n"), "\n"), random: rand.New(rand.NewPCG(2, 2026))}
	for i, line := range g.lines {
		before, key, value := split(line)
		if g.freeName(i) {
			continue
		}
		colon := strings.TrimRight(": "+value, " ")
		g.replace(i, 1, true, "misspelt "+key, before+misspell(g.random, key)+colon)
		if value == "" {
			g.replace(i, 1+g.inside(i), true, "number for section "+key, before+key+": 17")
			continue
		}
		g.replace(i, 1, true, "no value for "+key, before+key+":")
		g.replace(i+1, 0, false, key+" twice", strings.Repeat(" ", len(before))+key+colon)
		for k, group := range strings.SplitN(wrong[key], "|", 2) {
			for _, bad := range values(group) {
				g.replace(i, 1, k == 0, key+" "+bad, before+key+": "+bad)
			}
		}
	}
	return append(g.cases, whole...)
}

// whole are files that are wrong as a whole.
var whole = []Case{
	{Name: "empty", YAML: "", WantLine: 1},
	{Name: "a word", YAML: "scenario\n", WantLine: 1, Structural: true},
	{Name: "a list", YAML: "- name: x\n", WantLine: 1, Structural: true},
	{Name: "two documents", YAML: Good + "---\n" + Good, WantLine: 1 + strings.Count(Good, "\n")},
	{Name: "tab", YAML: "name: x\ntopology:\n\tsynth: iiot\n", WantLine: 3},
	{Name: "open bracket", YAML: "name: x\nmodels: [external\ntopology: {synth: iiot}\n", WantLine: 2},
	{Name: "not UTF-8", YAML: "name: x\ndescription: \xfe\n", WantLine: 2},
	{Name: "control character", YAML: "name: x\ndescription: \"\x02\"\n", WantLine: 2},
	{Name: "no topology", YAML: "name: x\n", WantLine: 1, Structural: true},
	{Name: "no name", YAML: "topology: {synth: iiot}\n", WantLine: 1, Structural: true},
	{Name: "synth and ether", YAML: "name: x\ntopology:\n  synth: iiot\n  ether: y\n", WantLine: 4, Structural: true},
	{Name: "links without nodes", YAML: "name: x\ntopology:\n  synth: iiot\n  links: [{endpoints: [a, b]}]\n", WantLine: 4, Structural: true},
	{Name: "delay and rtt", YAML: strings.Replace(Good, "      rtt: 10ms\n", "      rtt: 10ms\n      delay: 5ms\n", 1), WantLine: 34, Structural: true},
	{Name: "speedup of poisson", YAML: strings.Replace(Good, "    rate: 5/s\n", "    rate: 5/s\n    speedup: 2\n", 1), WantLine: 71, Structural: true},
	{Name: "disconnected", YAML: strings.Replace(Good, "[srv, ix]", "[cam, ix]\n      name: srv-ix", 1), WantLine: 13},
	{Name: "no hosts", YAML: "name: x\ntopology:\n  nodes:\n    a: {kind: switch}\n", WantLine: 3},
	{Name: "external without cloud", YAML: "name: x\ntopology: {synth: iiot}\nmodels: [external]\n", WantLine: 3},
	{Name: "too many hosts", YAML: "name: x\ntopology:\n  synth: {kind: iiot, premises: 999, racks: 999}\n", WantLine: 3},
	{Name: "endless alias", YAML: "name: x\ntopology: &t\n  synth: *t\n", WantLine: 3},
	{Name: "unknown anchor", YAML: "name: x\ntopology: *t\n", WantLine: 2},
}

type generator struct {
	lines  []string
	random *rand.Rand
	cases  []Case
}

// replace adds a case in which count lines from i on are the line changed.
func (g *generator) replace(i, count int, structural bool, name, changed string) {
	var b strings.Builder
	for _, part := range [][]string{g.lines[:i], {changed}, g.lines[i+count:]} {
		for _, line := range part {
			b.WriteString(line + "\n")
		}
	}
	g.cases = append(g.cases, Case{
		Name: fmt.Sprintf("line %d: %s", i+1, name), YAML: b.String(), WantLine: i + 1, Structural: structural,
	})
}

// inside counts the lines that belong to the section that begins in line i.
func (g *generator) inside(i int) int {
	n := 0
	for _, line := range g.lines[i+1:] {
		if indent(line) <= indent(g.lines[i]) {
			break
		}
		n++
	}
	return n
}

// freeName says whether line i begins with a name that the file's author chooses.
func (g *generator) freeName(i int) bool {
	for k := i - 1; k >= 0; k-- {
		if indent(g.lines[k]) < indent(g.lines[i]) {
			_, parent, _ := split(g.lines[k])
			return parent == "nodes" || parent == "classes" || parent == "overrides"
		}
	}
	return false
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// split takes a line apart: indentation with a list's dash, key, value.
func split(line string) (before, key, value string) {
	rest := strings.TrimLeft(line, " -")
	key, value, _ = strings.Cut(rest, ":")
	return line[:len(line)-len(rest)], key, strings.TrimSpace(value)
}

// values takes a list of values apart at the spaces outside brackets.
func values(list string) []string {
	var all []string
	depth, begin := 0, 0
	for i, c := range list + " " {
		switch {
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ' ' && depth == 0:
			if i > begin {
				all = append(all, list[begin:i])
			}
			begin = i + 1
		}
	}
	return all
}

// misspell makes one slip: two letters swapped, one left out, one doubled, or a wrong one.
func misspell(random *rand.Rand, word string) string {
	for {
		i := random.IntN(len(word) - 1)
		slip := []string{
			word[:i] + word[i+1:i+2] + word[i:i+1] + word[i+2:],
			word[:i] + word[i+1:],
			word[:i] + word[i:i+1] + word[i:],
			word[:i] + string(rune('a'+random.IntN(26))) + word[i+1:],
		}[random.IntN(4)]
		if slip != word {
			return slip
		}
	}
}
