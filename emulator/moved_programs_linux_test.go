package emulator_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator"
	"testbed/emulator/faas"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
)

// movingPrograms are programs that are called now and then, and go where events say; it is to be filled in with a name,
// functions, states, jobs, events and a runtime.
const movingPrograms = `name: %s
topology:
  nodes:
    {camera: {memory: 512MiB}, box1: {memory: 1GiB}, box2: {memory: 1GiB}, box3: {memory: 1GiB}, hall: {kind: switch}}
  links:
    - {name: wired, endpoints: [camera, hall], rate: 100Mbps, delay: 1ms}
    - {name: lan1, endpoints: [box1, hall], rate: 1Gbps, delay: 1ms}
    - {name: lan2, endpoints: [box2, hall], rate: 1Gbps, delay: 1ms}
    - {name: lan3, endpoints: [box3, hall], rate: 1Gbps, delay: 1ms}
functions: {%s}
workload:
  states: {%s}
  jobs: [%s]
events: [%s]
placement: {hosts: [box1]}
models: [in-function]
replay: {arrival: trace}
runtime: %s
fabric: userspace
`

// calls are a job that calls a function with a state of its own, so often a time.
func calls(function string, count int, period time.Duration) string {
	return fmt.Sprintf("{name: %s, client: camera, count: %d, period: %v, "+
		"tasks: {%[1]s: {ops: 1, argument: 1kB, states: of-%[1]s}}}", function, count, period)
}

// handed is a sink that has functions moved by hand, by another process's testbed, when the first chain has ended, and
// counts what instances were started until the last has.
type handed struct {
	kept
	t         *testing.T
	name      string
	host      *emulator.Host
	functions []string
	to        string
	moving    sync.WaitGroup
	mu        sync.Mutex
	moved     []emulator.Migrated
	err       error
	starts    int
}

func (h *handed) Write(c record.Chain, steps []record.Step) error {
	if len(h.chains) == 0 {
		h.moving.Go(h.move)
	}
	if err := h.count(); err != nil {
		h.t.Error(err)
	}
	return h.kept.Write(c, steps)
}

func (h *handed) move() {
	bed, err := h.host.Open(context.Background(), h.name)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, function := range h.functions {
		if err != nil {
			break
		}
		var all []emulator.Migrated
		all, err = bed.Migrate(context.Background(), "a hand", emulator.Migration{
			Function: function, Client: "camera", To: h.to, Method: faas.StopAndCopy,
		})
		h.moved = append(h.moved, all...)
	}
	h.err = err
}

// count counts the starts of instances that start and end, on all nodes.
func (h *handed) count() error {
	bed, err := h.host.Open(context.Background(), h.name)
	if err != nil {
		return err
	}
	stations, err := bed.Stations()
	sum := 0
	for _, s := range stations {
		agent := bed.Agent(s.ID)
		stats, failure := agent.Stats(context.Background())
		if agent.Close(); failure != nil {
			return failure
		}
		if stats.Instances != nil {
			sum += stats.Instances.Starts
		}
	}
	h.starts = sum
	return err
}

// TestMovesByHandAreKnown: while a run goes on, somebody else moves a program that is always warm, and one whose
// instances come and go. The run's own moves afterwards begin where these are, and it expects that what was left has to
// start again. No state is lost, and no instance has started that no call has waited for.
func TestMovesByHandAreKnown(t *testing.T) {
	dir := functionsHere(t)
	const period = 400 * time.Millisecond
	for _, at := range []time.Duration{8 * time.Second, 40 * time.Second} { // a busy machine gets a second chance
		w := newReal(t)
		h := &handed{t: t, name: fmt.Sprintf("hand-%d", os.Getpid()), host: w.of, functions: []string{"counter", "rare"},
			to: "box2"}
		program := fmt.Sprintf("command: [/usr/bin/python3, counter.py], dir: %q", filepath.Join(dir, "functions"))
		count := int((at + 4*time.Second) / period)
		back := func(function string) string { // and an event that is not reached, for which box2 is prepared
			return fmt.Sprintf("{at: %v, migrate: {function: %s, client: camera, to: box1}}, "+
				"{at: 1h, migrate: {function: %[2]s, client: camera, to: box2}}", at, function)
		}
		text := fmt.Sprintf(movingPrograms, h.name,
			fmt.Sprintf("counter: {%s}, rare: {%[1]s, instances: {max: 1, keep-alive: 600ms}}", program),
			"of-counter: 1kB, of-rare: 1kB", calls("counter", count, period)+", "+calls("rare", count/4, 4*period),
			back("counter")+", "+back("rare"), "process")
		moves := carriedOutBy(t, w, text, h) // which fails where a chain fails, or a state is not of all calls
		if h.moving.Wait(); h.err != nil || len(h.moved) != 2 || len(moves) != 2 || moves[0].From == "box1" {
			t.Logf("moved too late: %v; %+v, %+v", h.err, h.moved, moves)
			continue
		}
		h.judge(t, moves)
		return
	}
	t.Error("nobody's hands are fast enough")
}

func (h *handed) judge(t *testing.T, moves []record.Migration) {
	t.Helper()
	for i, m := range h.moved {
		if rare := i == 1; m.From != "box1" || m.Moved.Undone != "" || (m.Moved.Start > 0) == rare {
			t.Errorf("by hand: %+v", m)
		}
	}
	slices.SortFunc(moves, func(a, b record.Migration) int { return strings.Compare(a.Function, b.Function) })
	for i := range moves {
		m := &moves[i]
		rare := m.Function == "rare"
		if m.From != "box2" || m.To != "box1" || m.Undone != "" || m.Predicted == nil {
			t.Fatalf("the run's: %+v", m)
		}
		if p := m.Predicted; (m.Start > 0) == rare || (p.Start > 0) == rare || p.Unavailable < p.Start/2 {
			t.Errorf("%s takes %v s to start where it had left, predicted %+v", m.Function, m.Start, m.Predicted)
		}
	}
	waited := 0
	for i := range h.chains {
		waited += h.chains[i].Starts
	}
	const least = 3 // on box1, on box2, and on box1 again
	if waited != h.starts || waited < least {
		t.Errorf("agents have started %d instances, and calls have waited for %d", h.starts, waited)
	}
}

// carriedOutBy carries a scenario out, and gives its moves.
func carriedOutBy(t *testing.T, w real, text string, sink record.Sink) []record.Migration {
	t.Helper()
	dir := t.TempDir()
	e := loaded(t, dir, text)
	manifest, err := record.ReadManifest(w.carriedOut(t, e, dir, sink).Dir)
	if err != nil {
		t.Fatal(err)
	}
	return events(manifest.Events)
}

// aroundMoves are events that let a function go from node to node, each time to where its program is not.
func aroundMoves(function string, number int, every time.Duration) string {
	var all []string
	for i := range number {
		all = append(all, fmt.Sprintf("{at: %v, migrate: {function: %s, client: camera, to: box%d}}",
			every*time.Duration(i+1), function, (i+1)%3+1))
	}
	return strings.Join(all, ", ")
}

// TestStartsAreInUnavailability: a program goes from node to node, and starts at each. The median of how long it cannot
// be called is that of the predictions, which were made of starts that were measured in the same run.
func TestStartsAreInUnavailability(t *testing.T) {
	dir := functionsHere(t)
	program := fmt.Sprintf("counter: {command: [/usr/bin/python3, counter.py], dir: %q}", filepath.Join(dir, "functions"))
	heldToPrediction(t, program, "process")
}

// TestStartsOfContainersAreInUnavailability: so does one in a container.
func TestStartsOfContainersAreInUnavailability(t *testing.T) {
	if !testenv.QuietMachine() {
		t.Skip("seven containers' moves, a minute: make fidelity")
	}
	engine := testenv.NewPrivateEngine(t)
	t.Setenv("DOCKER_HOST", engine.Host)
	dir := functionsHere(t)
	imagesHere(t, dir)
	heldToPrediction(t, fmt.Sprintf("counter: {image: %q}", variant{"docker", "python"}.image("counter")), "docker")
}

// heldToPrediction lets a program move again and again, and holds what its starts make of that against the predictions.
// A machine that has become busier since the starts were measured gets more chances.
func heldToPrediction(t *testing.T, program, runtime string) {
	t.Helper()
	const number, attempts = 7, 3
	for attempt := 1; ; attempt++ {
		every := time.Duration(attempt) * 3 * time.Second
		const period = 300 * time.Millisecond
		text := fmt.Sprintf(movingPrograms, fmt.Sprintf("starts-%d", os.Getpid()), program, "of-counter: 1kB",
			calls("counter", int(every*(number+1)/period), period), aroundMoves("counter", number, every), runtime)
		moves := carriedOutBy(t, newReal(t), text, &kept{})
		var measured, predicted, ofStart []float64
		for i := range moves {
			m := &moves[i]
			if m.Undone != "" || m.Predicted == nil || m.Start <= 0 || m.Awaited > m.Unavailable ||
				m.Predicted.Start <= 0 || m.Predicted.P95 < m.Predicted.Unavailable {
				t.Fatalf("%+v, predicted %+v", m, m.Predicted)
			}
			measured, predicted = append(measured, m.Unavailable), append(predicted, m.Predicted.Unavailable)
			ofStart = append(ofStart, m.Unavailable/m.Start)
			t.Logf("%s: unavailable for %.3f s, predicted %.3f (p95 %.3f); its start took %.3f s, predicted %.3f", m.To,
				m.Unavailable, m.Predicted.Unavailable, m.Predicted.P95, m.Start, m.Predicted.Start)
		}
		if len(moves) < number-2 {
			t.Fatalf("%d moves of %d", len(moves), number)
		}
		ratio, same := middle(measured)/middle(predicted), middle(ofStart)
		t.Logf("the median is %.2f of the predictions', and %.2f of the starts that were measured at the same time", ratio,
			same)
		const far = 2
		if ratio > 1.0/far && ratio < far && same > 0.7 && same < 1.4 {
			return
		}
		if attempt == attempts {
			t.Errorf("the median is %.2f of the predictions', and %.2f of the starts", ratio, same)
			return
		}
	}
}

// middle is the median.
func middle(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}
