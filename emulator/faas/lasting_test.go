package faas

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/plan"
)

func TestLastingHeader(t *testing.T) {
	want := &call{key: "run/in-client/17", function: "f", states: []callState{
		{state: 0, bytes: 5, location: plan.Carried}, {state: 2, bytes: 5, location: plan.Local},
		{state: 7, bytes: 5, location: plan.Repository},
	}}
	want.lasting = lastingKeys{2: "run/in-client/lasting/0", 7: "run/in-client/lasting/12"}
	h := http.Header{}
	for _, line := range splitLines(string(want.header())) {
		h.Set(line[0], line[1])
	}
	got, err := parseCall("f", h)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%v\n%+v\n%+v", err, got, want)
	}
	for i, key := range []string{"run/in-client/17/0", want.lasting[2], want.lasting[7]} {
		if got.stateKey(i) != key {
			t.Errorf("state %d has the key %s, want %s", i, got.stateKey(i), key)
		}
	}
	if got, text := h.Get(headerLasting), "2=run/in-client/lasting/0;7=run/in-client/lasting/12"; got != text {
		t.Errorf("the header is %q, want %q", got, text)
	}
	for _, text := range []string{
		"1=k/0", "2", "2=", "=k/0", "2=k", "2=k/x", "2=k/0;2=k/1", "2=k/0;", "-1=k/0", "99999999999999999999=k/0", "2=a b/0",
		"2=../k/0", "2=" + strings.Repeat("k", maxKey+1) + "/0",
	} {
		h.Set(headerLasting, text)
		if _, err := parseCall("f", h); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

// A state is one call's at a time, in the order in which they ask; who gives up waiting is in nobody's way.
func TestTurns(t *testing.T) {
	var all turns
	c := &call{key: "k", lasting: lastingKeys{0: "l/0", 1: "l/1", 2: "l/2"}, states: []callState{
		{state: 1, location: plan.Carried}, {state: 0, location: plan.Carried}, {state: 2, location: plan.Repository},
		{state: 3, location: plan.Carried},
	}}
	other := &call{key: "m", lasting: lastingKeys{4: "l/0", 5: "l/1"}, states: []callState{
		{state: 4, location: plan.Carried}, {state: 5, location: plan.Carried},
	}}
	back, waited, err := all.take(t.Context(), c)
	if err != nil || waited || len(all.taken) != 2 {
		t.Fatalf("%v, %d taken", err, len(all.taken))
	}
	brief, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	none, waited, err := all.take(brief, other)
	if none(); err == nil || !waited {
		t.Fatal("two have it")
	}
	back()
	if len(all.taken) != 0 {
		t.Fatalf("%d are taken still", len(all.taken))
	}
	var wait sync.WaitGroup
	now, most := 0, 0
	for i := range 50 {
		wait.Go(func() {
			back, _, err := all.take(t.Context(), []*call{c, other}[i%2])
			defer back()
			if now++; err != nil { // the race detector sees who does it beside another
				t.Error(err)
			}
			most = max(most, now)
			now--
		})
	}
	if wait.Wait(); most != 1 || len(all.taken) != 0 {
		t.Errorf("%d had it at one time, %d are taken still", most, len(all.taken))
	}
}

func TestWrongLasting(t *testing.T) {
	cluster := newCluster(t, Allotted)
	for _, keys := range [][]string{{"", "", ""}, {"k"}, {"run/k/x"}} {
		spec := cluster.spec(t, job(), plan.InClient, placed(1, 2, 1, 2))
		spec.Lasting = keys
		if len(keys) == 3 {
			spec.StateBytes = spec.StateBytes[:2]
		}
		if err := spec.validate(); err == nil {
			t.Errorf("%q are accepted", keys)
		}
	}
	spec := cluster.spec(t, job(), plan.InClient, placed(1, 2, 1, 2))
	spec.Lasting = []string{spec.Key + "/9"}
	if err := spec.validate(); err == nil {
		t.Error("a key of the chain's own is accepted")
	}
}

// What is accepted is written as it was read.
func FuzzLasting(f *testing.F) {
	f.Add("0=k/0;2=run/m/lasting/3")
	f.Add("2=k/1")
	f.Add("0=k/0;0=k/0")
	states := []callState{{state: 0}, {state: 2}}
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := parseLasting(text, states)
		if err != nil || len(keys) == 0 {
			return
		}
		written, _ := strings.CutPrefix(string(keys.appendHeader(nil, states)), headerLasting+": ")
		again, err := parseLasting(strings.TrimSuffix(written, "\r\n"), states)
		if err != nil || !reflect.DeepEqual(again, keys) {
			t.Errorf("%q is written as %q: %v", text, written, err)
		}
	})
}
