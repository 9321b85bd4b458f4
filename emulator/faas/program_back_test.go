package faas

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"testbed/emulator/topology"
)

// elsewhere is where an instance goes while the repeat of a call is on its way whose answer was lost: from node to node
// or, with a sign, in vain to one that has all of it and is not told to serve.
type elsewhere []int

func (e elsewhere) walk(t *testing.T, b *broken, one *Stateful, deaf *atomic.Bool) {
	address := func(id topology.ID) string { return b.addr(id).String() }
	for _, to := range e {
		deaf.Store(to < 0)
		node := topology.ID(max(to, -to))
		order := Move{ID: one.ID, To: node, Address: address(node), Method: StopAndCopy}
		_, moved, err := MoveAt(t.Context(), b.client, address, one.Origin, order)
		if err != nil || (moved.Undone != "") != (to < 0) {
			t.Errorf("to %d: %v, %+v", to, err, moved)
		}
	}
	deaf.Store(false)
}

// A call of a program whose answer is lost is executed once, wherever its instance goes and comes back to before it is
// repeated; and when the chain is over, no node remembers it that has had the instance.
func TestProgramsComeBack(t *testing.T) {
	ways := []struct{ f, g, home elsewhere }{
		{f: elsewhere{2, 1}},
		{f: elsewhere{2, 3, 1}, g: elsewhere{3, 2, 1}},
		{f: elsewhere{2, -1}, g: elsewhere{-1, 3, -2}, home: elsewhere{1}},
		{f: elsewhere{2, 1, 2}, g: elsewhere{3, 1}},
		{f: elsewhere{3}, g: elsewhere{2, 0, 1}},
		{f: elsewhere{-2}, g: elsewhere{2, 1, 3}, home: elsewhere{2, 1}},
	}
	b := newBrokenOf(t, time.Minute, goPrograms(counter))
	specs := countingPrograms(t, b, len(ways))
	instances := NameInstances("run/in-function/", specs)
	one := instances[0]
	if err := b.client(1).Declare(t.Context(), instances); err != nil {
		t.Fatal(err)
	}
	place := specs[0].LastingPlaces()[0]
	if err := SeedAt(t.Context(), b.client, place.Node, place.Stateful, place.Key, place.Bytes); err != nil {
		t.Fatal(err)
	}
	for i, way := range ways {
		var deaf atomic.Bool
		var calls [2]atomic.Int64
		rule := func(_ int, phase string, r *http.Request) fault {
			switch function, isCall := strings.CutPrefix(r.URL.Path, "/function/"); {
			case phase == phaseLast && deaf.Load():
				return after
			case phase != "" || !isCall:
			case calls[strings.Index("fg", function)].Add(1) == 1:
				return after
			case calls[strings.Index("fg", function)].Load() == 2:
				map[string]elsewhere{"f": way.f, "g": way.g}[function].walk(t, b, &one, &deaf)
			}
			return sound
		}
		b.rule.Store(&rule)
		result, err := Run(t.Context(), specs[i], b.client)
		if err != nil || result.Error != "" || len(result.Programs) != 2 {
			t.Fatalf("%+v: %v, %+v", way, err, result)
		}
		for k, p := range result.Programs {
			if n := 2*i + k + 1; p.Digest != DigestOf(fmt.Appendf(nil, "9 %d", n)) {
				t.Errorf("%+v: call %d was not answered that it was the %d-th", way, k, n)
			}
		}
		if err := specs[i].Clean(t.Context(), b.client); err != nil {
			t.Error(err)
		}
		for id, a := range b.agents {
			if n := a.residents.calls.Load(); n != 0 {
				t.Errorf("%+v: node %d remembers %d calls of a chain that is over", way, id, n)
			}
		}
		way.home.walk(t, b, &one, &deaf)
	}
	v, err := CheckAt(t.Context(), b.client, place.Node, place.Stateful, place.Key)
	if want := int64(2 * len(ways)); err != nil || v.Version != want || !v.Intact {
		t.Errorf("%+v, %v; want version %d", v, err, want)
	}
}
