package run

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/fabric/netem"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/internal/kerneltime"
	"testbed/emulator/internal/sleep"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
)

// steppedBed is a testbed on netem, whose player begins to tell when its first moment counts from.
type steppedBed struct {
	Bed
	fabric fabric.Fabric
	base   fabric.Network
	began  chan int64 // ns of CLOCK_MONOTONIC
}

func (b *steppedBed) Description() Description { return Description{Fabric: netem.Name} }

func (b *steppedBed) Player(context.Context) (Player, error) { return b, nil }

func (b *steppedBed) Play(ctx context.Context, start time.Time, moments []Moment, tell func(Played)) {
	select {
	case b.began <- kerneltime.Now(unix.CLOCK_MONOTONIC) - int64(time.Since(start)):
	default:
	}
	for _, m := range moments {
		if !sleep.Until(ctx, start.Add(m.At)) {
			return
		}
		err := b.fabric.(fabric.Reshaper).Reshape(ctx, m.Overlay.Over(b.base))
		tell(Played{At: m.At, Done: time.Since(start), What: m.What, Err: err})
	}
}

func (b *steppedBed) Restore(ctx context.Context) error {
	return b.fabric.(fabric.Reshaper).Reshape(context.WithoutCancel(ctx), b.base)
}

// perSecond is a trace of so many opportunities in one second after the other, evenly.
func perSecond(t *testing.T, counts ...int) *linktrace.Trace {
	t.Helper()
	var text strings.Builder
	for second, n := range counts {
		for i := 1; i <= n; i++ {
			fmt.Fprintln(&text, 1000*second+1000*i/n)
		}
	}
	trace, err := linktrace.Parse("counted", []byte(text.String()), linktrace.Options{WithRun: true})
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// TestTracesOnNetem: in the course of a run a link of netem's carries in each second of a saturating flow what the
// trace has room for, but for what is a step and the queue's wait later, wrap included; and in a turn of it all.
func TestTracesOnNetem(t *testing.T) {
	testenv.Privileged(t)
	if err := netem.Supported(t.Context()); err != nil {
		if os.Getenv("TB_LAB") == "1" {
			t.Fatal(err)
		}
		t.Skip(err, "; `scripts/test-netem steps` runs this in a lab")
	}
	const waiting, slowest = 40, 400 // packets, and packets/s
	b := fabrictest.NewBench(t)
	b.Hosts("a", "z")
	b.Cable("a", "z", topology.Shape{Queue: waiting * 1514}, topology.Shape{})
	trace := perSecond(t, slowest, 1000, 600)
	link, _ := b.Topology.Lookup("a-z")
	if err := b.Topology.Follow(topology.Channel{Link: link}, trace); err != nil {
		t.Fatal(err)
	}
	f := netem.New(t.TempDir(), b.Testbed)
	t.Cleanup(func() {
		if err := f.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	b.Apply(f)
	source, err := scenario.Parse([]byte("name: x\ntopology: {nodes: {a: {}, b: {}}, links: [{endpoints: [a, b]}]}\n"),
		"x.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	const tries = 3 // steps come late where the machine does other things
	for try := 1; ; try++ {
		bed := &steppedBed{fabric: f, base: b.Network, began: make(chan int64, 1)}
		r := &run{Config: Config{Bed: bed, Scenario: &resolved.Scenario{Source: source, Topology: b.Topology}},
			manifest: &record.Manifest{}}
		end := r.events(t.Context(), "external")
		began := <-bed.began
		arrivals, err := measure.Flood(t.Context(), b.Station("a").NetNS, b.Station("z").NetNS, b.Station("z").Addr.Addr(),
			1500, 2000, 4500*time.Millisecond)
		end()
		if err != nil || len(r.manifest.Events) > 0 {
			t.Fatal(err, r.manifest.Events)
		}
		late := slice + waiting*time.Second/slowest
		wrong := heldAgainst(trace, arrivals, began, late)
		if len(wrong) == 0 {
			return
		}
		if try == tries {
			t.Fatal(strings.Join(wrong, "\n"))
		}
		t.Logf("try %d: %v", try, wrong)
	}
}

// heldAgainst says what is wrong with arrivals, in ns of CLOCK_MONOTONIC, over a link that follows a trace, which began
// then, and where packets may be as late.
func heldAgainst(trace *linktrace.Trace, arrivals []int64, began int64, late time.Duration) (wrong []string) {
	const second = int64(time.Second)
	before := func(at int64) int {
		return sort.Search(len(arrivals), func(i int) bool { return arrivals[i]-began >= at })
	}
	room := func(from, to int64) float64 { return trace.Bits(from, to) / 8 / 1514 }
	const few = 8 // packets, at the ends of a window
	hold := func(from, to int64) {
		got := float64(before(to) - before(from))
		least, most := room(from, to-int64(late))-few, room(from-int64(late), to)+few
		if got < least || got > most {
			wrong = append(wrong, fmt.Sprintf("from %v to %v: %.0f packets of 1514 bytes, and not %.0f to %.0f",
				time.Duration(from), time.Duration(to), got, least, most))
		}
	}
	for s := int64(1); s < 4; s++ {
		hold(s*second, (s+1)*second)
	}
	hold(second, 4*second)
	return wrong
}
