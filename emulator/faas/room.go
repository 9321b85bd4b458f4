package faas

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// maxRoom bounds how many buffers an agent is asked to have room for.
const maxRoom = 4096

// room finds memory for buffers of so many bytes each, all at a time, and keeps it for whoever takes one. A host finds
// memory page by page when it is written first, which takes up to ten times as long as what a chain writes there, and
// is no time of the network's or the function's. What has no room now has none later either.
func (a *Agent) room(sizes []int64) { release(a.rooms(sizes)) }

// rooms are the buffers of a room, to be released.
func (a *Agent) rooms(sizes []int64) (held []*blob) {
	for _, n := range sizes {
		if !a.pools.budget.try(n) {
			break
		}
		b := a.pools.charge(a.pools.get(n), n)
		whole := b.data[:cap(b.data)]
		for at := 0; at < len(whole); at += os.Getpagesize() {
			whole[at] = 0
		}
		held = append(held, b)
	}
	return held
}

func checkRoom(sizes []int64) error {
	if len(sizes) > maxRoom {
		return fmt.Errorf("room for %d buffers: want %d at most", len(sizes), maxRoom)
	}
	for _, n := range sizes {
		if n < 0 || n > maxBody {
			return fmt.Errorf("room for %d bytes: want from 0 to %d", n, maxBody)
		}
	}
	return nil
}

// Rooms are the sizes of the buffers, ascending, that nodes need beside the states themselves.
type Rooms map[topology.ID][]int64

// Need adds what one chain needs, whose invocations follow one another: of each size as many as one of them takes.
func (r Rooms) Need(s *ChainSpec) {
	for i := range s.Invocations {
		for _, inv := range s.variants(i) {
			for id, sizes := range inv.rooms(s.Client) {
				slices.Sort(sizes)
				r[id] = most(r[id], sizes)
			}
		}
	}
}

// rooms are the buffers of one invocation: for what a request carries, what comes back, and copies of states.
func (inv *InvocationSpec) rooms(client topology.ID) Rooms {
	need := Rooms{}
	carried := int64(0)
	for _, s := range inv.States {
		at := inv.Node
		switch {
		case s.Location == plan.Carried:
			carried += s.Bytes
			at = client
		case s.Location == plan.Repository:
			if s.ByClient {
				at = client
			}
			need[s.Node] = append(need[s.Node], s.Bytes) // what is written back
		}
		need[at] = append(need[at], s.Bytes)
	}
	switch {
	case carried > 0 && inv.Worker == "":
		need[client] = append(need[client], carried)
	case carried+inv.Argument > 0 && inv.Worker != "":
		need[inv.Node] = append(need[inv.Node], gapOf(inv.Argument, inv.Result)+inv.Argument+carried)
	}
	return need
}

// most has of each size as many as that of two ascending lists which has more.
func most(a, b []int64) []int64 {
	count := map[int64]int{}
	for _, list := range [][]int64{a, b} {
		of := map[int64]int{}
		for _, n := range list {
			of[n]++
			count[n] = max(count[n], of[n])
		}
	}
	var all []int64
	for _, n := range slices.Sorted(maps.Keys(count)) {
		all = append(all, slices.Repeat([]int64{n}, count[n])...)
	}
	return all
}
