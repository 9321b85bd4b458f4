package scenariotest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// wrong are the values put in the place of each key's good one, by the key alone or with that of the
// section around it: those that the schema refuses too and, behind the bar, those that only Parse does.
var wrong = map[string]string{
	"name": "12 [a] -x a/b a.b", "description": "5 [a] {a: b}", "seed": "-1 one 1.5 [1]|99999999999999999999 0x10",
	"kind": "router 3 [host]", "class": "5 [a] -bad", "model": "7 {a: b}", "arch": "[x] 9",
	"memory": "1024 -1GiB 1Gb big [1GiB]|0B 999999TB", "cpu": "four -1 0 [4] 1e9", "type": "full 2",
	"endpoints": "cam [cam] {a: b} []|[cam, 7] [cam, gx] [cam, cam]",
	"rate":      "50 fast -1Mbps 50MBps 50ms [50Mbps] NaN|", "up": "5 5MB quick|0bps", "down": "1ms -2Mbps [1]|9999Tbps",
	"delay": "3 -3ms 3parsecs 3Mbps 1d|99h", "jitter": "1 -1ms 1MB|9ms",
	"loss":  "2 -0.1 -1% half 1ms .nan .inf|99.9% 1000%",
	"queue": "100 -1KiB 10Mbit 2ms|1B", "rtt": "10 x -1ms|9h", "at": "{a: b} [ix]|5 iz cam nowhere",
	"jobs": "0 -1 many 1.5 [1]", "functions": "0 -5 ten", "ops-factor": "0 -1 x .inf", "arg-factor": "-1 x .nan",
	"state-factor": "-1 y", "clients": "camera [] [{a: b}]|[1] [nobody] [camera, camera]", "min-length": "0 x -3",
	"max-length": "0 -1 long", "strict": "maybe 1 yes", "policy": "net 1", "speed": "memory fast",
	"models": "external [] [cloud]|[external, external]", "compute": "real 0", "warmup": "on 0 warm",
	"timeout": "60 -1s soon|0s 1ns 2h", "congestion": "5 Cubic [x]", "slow-start-after-idle": "no 0",
	"runtime": "podman 1", "fabric": "tc 2", "resources": "all 1 [none]",
	"reorder": "2 -0.1 half .nan|99.9%", "duplicate": "2 -1% 1ms|99.9%", "corrupt": "3 -0.1 all|100%",
	"image": "5 [a] {a: b} -x Big:1", "agent": "maybe 1 yes [true]",
	"url": "5 [a]|localhost ftp://x http://u:p@x http://x?token=1 http://", "org": "5 [a]", "bucket": "5 {a: b}",
	"token-env": "5 lab_token [A] sEcReT== LAB_TOKEN", "required": "maybe 1",
	"events.at": "5 [5s] x -1s|48h", "events.from": "4 x|48h", "events.to": "4 x [1s]|48h 1s",
	"events.link":  "[] {a: b} [wifi, [ix]] -x|5 [wifi, 5] wify gw nowhere [wifi, wifi]",
	"events.node":  "[] {a: b}|5 iz wifi [ix, ix]",
	"events.reset": "false 1 yes [true]", "events.down": "false 5s", "events.up": "false 1",
	"events.partition": "5 [] {a: b} cam [[cam], srv] [[cam], []]|[cam, srv, cloud] [cam, gw] [cam, cam] [nobody]",
	"flap.period":      "2 x -1s 1Mbps|0s 2h", "flap.down": "5 x [1s]|2s 0s 3h",
}

// BadFiles makes some six hundred broken files from Good, always the same ones: each key misspelt,
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
		parent := g.parent(i)
		if value != "true" || parent != "events" { // these say it by being there
			g.replace(i, 1, true, "no value for "+key, before+key+":")
		}
		g.replace(i+1, 0, false, key+" twice", strings.Repeat(" ", len(before))+key+colon)
		list, special := wrong[parent+"."+key]
		if !special {
			list = wrong[key]
		}
		for k, group := range strings.SplitN(list, "|", 2) {
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
	{Name: "links without nodes", YAML: "name: x\ntopology:\n  synth: iiot\n  links: [{endpoints: [a, b]}]\n", WantLine: 4,
		Structural: true},
	{Name: "delay and rtt", YAML: strings.Replace(Good, "      rtt: 10ms\n", "      rtt: 10ms\n      delay: 5ms\n", 1),
		WantLine: 1 + lineOf("rtt: 10ms"), Structural: true},
	{Name: "speedup of poisson", YAML: strings.Replace(Good, "    rate: 5/s\n", "    rate: 5/s\n    speedup: 2\n", 1),
		WantLine: 1 + lineOf("rate: 5/s"), Structural: true},
	{Name: "disconnected", YAML: strings.Replace(Good, "[srv, ix]", "[cam, ix]\n      name: srv-ix", 1), WantLine: 13},
	{Name: "no hosts", YAML: "name: x\ntopology:\n  nodes:\n    a: {kind: switch}\n", WantLine: 3},
	{Name: "external without cloud", YAML: "name: x\ntopology: {synth: iiot}\nmodels: [external]\n", WantLine: 3},
	{Name: "too many hosts", YAML: "name: x\ntopology:\n  synth: {kind: iiot, premises: 999, racks: 999}\n", WantLine: 3},
	{Name: "endless alias", YAML: "name: x\ntopology: &t\n  synth: *t\n", WantLine: 3},
	{Name: "image of nobody", YAML: iiot + "images:\n  rpi4: {image: x}\n", WantLine: 4},
	{Name: "image of a process", YAML: iiot + "runtime: process\nimages:\n  rpi3b+: {image: x}\n", WantLine: 5},
	{Name: "no agents", YAML: iiot + "images:\n  rpi3b+: {image: x, agent: false}\n" +
		"  nvidia_jetson_tx2: {image: x, agent: false}\n", WantLine: 1},
	{Name: "client without agent",
		YAML: iiot + "images: {rpi3b+: {image: x, agent: false}}\nworkload:\n  clients: [tx2_0, rpi3_1]\n", WantLine: 5},
	{Name: "cloud without agent", YAML: iiot + "cloud: {}\nimages:\n  cloud: {image: x, agent: false}\n", WantLine: 5},
	{Name: "agent without image", YAML: "name: x\ntopology:\n  nodes:\n    a: {agent: false}\n", WantLine: 4,
		Structural: true},
	{Name: "token", YAML: iiot + "influx:\n  token: abc\n", WantLine: 4, Structural: true},
	{Name: "password", YAML: iiot + "influx: {password: abc}\n", WantLine: 3, Structural: true},
	{Name: "no action", YAML: event("at: 1s, link: up_lan_0"), WantLine: 4, Structural: true},
	{Name: "two actions", YAML: event("at: 1s, link: up_lan_0, down, reset"), WantLine: 4, Structural: true},
	{Name: "no time", YAML: event("link: up_lan_0, down"), WantLine: 4, Structural: true},
	{Name: "two times", YAML: event("at: 1s, from: 1s, to: 2s, link: up_lan_0, down"), WantLine: 4, Structural: true},
	{Name: "from alone", YAML: event("from: 1s, link: up_lan_0, down"), WantLine: 4, Structural: true},
	{Name: "to before from", YAML: event("from: 2s, to: 1s, link: up_lan_0, down"), WantLine: 4},
	{Name: "nothing to go down", YAML: event("at: 1s, down"), WantLine: 4},
	{Name: "link and node", YAML: event("at: 1s, link: up_lan_0, node: tx2_0, down"), WantLine: 4, Structural: true},
	{Name: "rate of a node", YAML: event("at: 1s, node: tx2_0, set: {rate: 1Mbps}"), WantLine: 4, Structural: true},
	{Name: "set nothing", YAML: event("at: 1s, link: up_lan_0, set: {}"), WantLine: 4},
	{Name: "down of an uplink", YAML: event("at: 1s, link: up_lan_0, set: {rate: {down: 1Mbps}}"), WantLine: 4},
	{Name: "huge jitter", YAML: event("at: 1s, link: up_lan_0, set: {jitter: 10s}"), WantLine: 4},
	{Name: "reset in a window", YAML: event("from: 1s, to: 2s, link: up_lan_0, reset"), WantLine: 4},
	{Name: "endless flap", YAML: event("at: 1s, link: up_lan_0, flap: {period: 2s, down: 1s}"), WantLine: 4},
	{Name: "partition of a link", YAML: event("at: 1s, link: up_lan_0, partition: [tx2_0]"), WantLine: 4},
	{Name: "unknown anchor", YAML: "name: x\ntopology: *t\n", WantLine: 2},
}

const iiot = "name: x\ntopology: {synth: iiot}\n"

// event is a file with one event.
func event(keys string) string { return iiot + "events:\n  - {" + keys + "}\n" }

// lineOf is the number of the line of Good in which text is.
func lineOf(text string) int { return 1 + strings.Count(Good[:strings.Index(Good, text)], "\n") }

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
	return slices.Contains([]string{"nodes", "classes", "overrides", "images"}, g.parent(i))
}

// parent is the key of the section that line i is in; empty at the top.
func (g *generator) parent(i int) string {
	own, _, _ := split(g.lines[i])
	for k := i - 1; k >= 0; k-- {
		if before, key, _ := split(g.lines[k]); len(before) < len(own) {
			return key
		}
	}
	return ""
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
