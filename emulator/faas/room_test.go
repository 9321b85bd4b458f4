package faas

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// A chain's buffers by hand: the client is node 0, the repository node 3.
func TestRooms(t *testing.T) {
	carried := AccessSpec{Bytes: 500, Location: plan.Carried, Node: 0}
	other := AccessSpec{Bytes: 700, Location: plan.Carried, Node: 0}
	remote := AccessSpec{Bytes: 900, Location: plan.Repository, Node: 3, Repository: "10.0.0.3:80"}
	byClient := remote
	byClient.ByClient = true
	for name, c := range map[string]struct {
		of   []InvocationSpec
		want Rooms
	}{
		"no states": {[]InvocationSpec{{Node: 0}}, Rooms{}},
		// What goes along in one buffer, and each state that comes back.
		"carried, within the client": {[]InvocationSpec{{Node: 0, Argument: 10, States: []AccessSpec{carried, other}}},
			Rooms{0: {500, 700, 1200}}},
		// The worker has all of the request in one buffer, with room for a result that is longer than the argument.
		"carried to a worker": {[]InvocationSpec{{Node: 1, Worker: "w", Argument: 10, Result: 30,
			States: []AccessSpec{carried}}}, Rooms{0: {500}, 1: {530}}},
		"in a repository": {[]InvocationSpec{{Node: 1, Worker: "w", Argument: 10, States: []AccessSpec{remote}}},
			Rooms{1: {10, 900}, 3: {900}}},
		"the client's access": {[]InvocationSpec{{Node: 1, Worker: "w", Argument: 10, States: []AccessSpec{byClient}}},
			Rooms{0: {900}, 1: {10}, 3: {900}}},
		"in the worker": {[]InvocationSpec{{Node: 1, Worker: "w",
			States: []AccessSpec{{Bytes: 5, Node: 1, Location: plan.Local}}}},
			Rooms{1: {5}}},
		// One invocation after the other: the second uses what the first has given back.
		"one after the other": {[]InvocationSpec{
			{Node: 0, States: []AccessSpec{carried}}, {Node: 0, States: []AccessSpec{carried, carried}}},
			Rooms{0: {500, 500, 1000}}},
	} {
		got := Rooms{}
		got.Need(&ChainSpec{Client: 0, Invocations: c.of})
		if !maps.EqualFunc(got, c.want, slices.Equal[[]int64]) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// An agent keeps what it has found for a chain, and is asked for no more than it may have.
func TestRoom(t *testing.T) {
	c := newCluster(t, Allotted)
	if err := c.client(0).Warm(t.Context(), []WarmSpec{{Room: []int64{100_000, 100_000, 300_000}}}); err != nil {
		t.Fatal(err)
	}
	a := c.agents[topology.ID(0)]
	if n := a.Stats().Bytes; n != 0 {
		t.Errorf("%d bytes are in use", n)
	}
	a.room([]int64{1 << 62, 1}) // more than there is: it is left out
	for name, room := range map[string][]int64{"negative": {-1}, "large": {maxBody + 1},
		"many": make([]int64, maxRoom+1)} {
		err := c.client(0).Warm(t.Context(), []WarmSpec{{Room: room}})
		if err == nil || !strings.Contains(err.Error(), "room for") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
