package emulator_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
)

// image is the image of one of the scenario's functions in a language.
func (v variant) image(function string) string {
	return fmt.Sprintf("tb-test-%s:%s", function, v.language)
}

// imagesHere makes the images of the functions that functionsHere has put into a directory: those in Python by
// images/python, those in Go of the program alone.
func imagesHere(t *testing.T, dir string) {
	t.Helper()
	if _, err := exec.LookPath("docker"); err != nil {
		testenv.Missing(t, "docker, the command, is not installed: apt-get install docker.io or docker-cli")
	}
	const writable = `../images/python - ../scenarios/functions detect.py | tar -tv | grep '^drwxrwxrwt .* ./tmp/$'`
	if text, err := exec.Command("bash", "-c", writable).CombinedOutput(); err != nil {
		t.Errorf("engines mount /tmp with the rights that it has in the image: not all may write to it: %s", text)
	}
	for _, function := range []string{"detect", "counter"} {
		python, golang := variant{"docker", "python"}.image(function), variant{"docker", "go"}.image(function)
		script := fmt.Sprintf(`set -e
../images/python %s ../scenarios/functions %s.py
tar -C %s -c %s | docker import -c 'ENTRYPOINT ["/%[2]s"]' - %[5]s`,
			python, function, filepath.Join(dir, "functions", "go"), function, golang)
		if text, err := exec.Command("bash", "-c", script).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
}

// TestFunctionsInContainers: as containers, in Python and (under make fidelity) in Go, the functions give byte for byte
// what they give as processes, and leave the same states, under the four models.
func TestFunctionsInContainers(t *testing.T) {
	engine := testenv.NewPrivateEngine(t)
	t.Setenv("DOCKER_HOST", engine.Host)
	dir := functionsHere(t)
	imagesHere(t, dir)
	first := inAllModels(t, dir, variant{"process", "go"}, "")
	for _, text := range first {
		if !strings.Contains(text, "counter(") || !strings.Contains(text, "detect(") {
			t.Fatalf("a job gave %q", text)
		}
	}
	python := variant{"docker", "python"}
	sameAs(t, first, inAllModels(t, dir, python, profiled(t, dir, python)))
	if testenv.QuietMachine() { // under make fidelity: what the language changes, processes show
		sameAs(t, first, inAllModels(t, dir, variant{"docker", "go"}, ""))
	}
}

// movingContainer is a counter in a container that is called ten times a second while it moves there and back.
const movingContainer = `name: move-%d
topology:
  nodes: {camera: {memory: 512MiB}, box1: {memory: 1GiB}, box2: {memory: 1GiB}, hall: {kind: switch}}
  links:
    - {name: wired, endpoints: [camera, hall], rate: 100Mbps, delay: 1ms}
    - {name: lan1, endpoints: [box1, hall], rate: 1Gbps, delay: 1ms}
    - {name: lan2, endpoints: [box2, hall], rate: 1Gbps, delay: 1ms}
functions:
  counter: {image: %q}
workload:
  states: {hits: 1kB}
  jobs:
    - {name: page, client: camera, count: %d, period: 100ms,
       tasks: {counter: {ops: 1, argument: 1kB, states: hits}}}
events:
  - {at: 2s, migrate: {function: counter, client: camera, to: box2}}
  - {at: 10s, migrate: {function: counter, client: camera, to: box1, method: pre-copy}}
placement: {hosts: [box1]}
models: [in-function]
replay: {arrival: trace}
runtime: docker
fabric: userspace
`

// TestAContainerMoves: a counter in a container goes to another node and back while it is called. No call is lost and
// none is executed twice: the counts that they are answered are those from 1 on, each once. Where it was, its container
// ends.
func TestAContainerMoves(t *testing.T) {
	engine := testenv.NewPrivateEngine(t)
	t.Setenv("DOCKER_HOST", engine.Host)
	dir := functionsHere(t)
	imagesHere(t, dir)
	const calls = 180
	e := loaded(t, dir,
		fmt.Sprintf(movingContainer, os.Getpid(), variant{"docker", "python"}.image("counter"), calls))
	testenv.Repeat(t, hostTries, func() error { return containerMoves(t, e, calls) })
}

// containerMoves carries out what TestAContainerMoves is about. That calls are lost is an error at once; a host that
// stood still has both moves at the same time.
func containerMoves(t *testing.T, e *resolved.Scenario, calls int) error {
	t.Helper()
	w, sink, where := newReal(t), &kept{}, watchFunctions(t)
	outcome := w.carriedOut(t, e, t.TempDir(), sink) // which fails where a chain fails, or the state is not of all calls
	seen := where()
	manifest, err := record.ReadManifest(outcome.Dir)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]int{}
	for i := range sink.chains {
		for _, p := range sink.chains[i].Programs {
			answers[p.Digest]++
		}
	}
	for n := 1; n <= len(sink.chains); n++ {
		if got := answers[faas.DigestOf(fmt.Appendf(nil, `{"calls":%d,"bytes":%d}`, n, 1000*n))]; got != 1 {
			t.Errorf("%d calls were answered that they were the %d-th", got, n)
		}
	}
	if len(sink.chains) < calls {
		t.Errorf("%d chains; %+v", len(sink.chains), manifest.Events)
	}
	moves := events(manifest.Events)
	if len(moves) != 2 || moves[0].To != "box2" || moves[1].To != "box1" ||
		moves[0].Undone+moves[1].Undone != "" || moves[0].Delayed == 0 {
		return fmt.Errorf("%+v", manifest.Events)
	}
	for i := range moves {
		if p := moves[i].Predicted; p != nil {
			t.Logf("%s: unavailable for %.3f s, predicted %.3f s", moves[i].Method, moves[i].Unavailable, p.Unavailable)
		}
	}
	there := slices.Index(seen, "box2")
	if there < 0 || !slices.Contains(seen[:there], "box1") || !slices.Contains(seen[there:], "box1") ||
		seen[len(seen)-1] != "" {
		return fmt.Errorf("containers were beside %q: want box1, then box2 alone, then box1 alone, and none in the end", seen)
	}
	return nil
}

// watchFunctions notes beside which nodes there are containers of functions, until what it returns is called: each time
// that it changes.
func watchFunctions(t *testing.T) (seen func() []string) {
	t.Helper()
	var all []string
	look := func() {
		text, err := exec.Command("docker", "ps", "--all", "--filter", "label=testbed.function",
			"--format", `{{.Label "testbed.node"}}`).Output()
		nodes := strings.Fields(string(text))
		slices.Sort(nodes)
		now := strings.Join(slices.Compact(nodes), " ")
		if err == nil && (len(all) == 0 || all[len(all)-1] != now) {
			all = append(all, now)
		}
	}
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for tick := time.Tick(200 * time.Millisecond); ; {
			select {
			case <-tick:
				look()
			case <-stop:
				return
			}
		}
	})
	end := sync.OnceFunc(func() { close(stop); watching.Wait() })
	t.Cleanup(end)
	return func() []string {
		end()
		look()
		return all
	}
}
