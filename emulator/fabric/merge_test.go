package fabric

import (
	"slices"
	"testing"

	"testbed/emulator/topology"
)

// What several machines say is, put together, in the network's order, and what two say of one queue is added up.
func TestMergePutsPartsInOrder(t *testing.T) {
	top := topology.New("t")
	n := Network{Topology: top}
	for _, v := range []topology.Vertex{{Name: "a"}, {Name: "l", Kind: topology.Link}, {Name: "b"}} {
		id, err := top.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		if v.Kind == topology.Host {
			n.Stations = append(n.Stations, Station{ID: id})
		}
	}
	top.Join(1, 0, 0)
	top.Join(1, 2, 0)
	got := Merge(n,
		Status{Queues: []QueueStatus{{Link: "l", Dir: 1, Packets: 7, Errors: 1}, {Link: "old"}},
			Stations: []StationStatus{{Name: "b", Attached: true}, {Name: "a", Note: "gone", Errors: 2, Packets: 5}}},
		Status{Queues: []QueueStatus{{Link: "l", Packets: 3, Dropped: 2}, {Link: "l", Dir: 1, Packets: 5, Bytes: 9}},
			Stations: []StationStatus{{Name: "a", Attached: true, Errors: 3, Packets: 6}}},
		Status{Stations: []StationStatus{{Name: "a", Note: "moved away", Ignored: 4}}})
	wantQueues := []QueueStatus{{Link: "l", Packets: 3, Dropped: 2}, {Link: "l", Dir: 1, Packets: 12, Bytes: 9, Errors: 1}}
	wantStations := []StationStatus{{Name: "a", Attached: true, Packets: 11, Ignored: 4, Errors: 5},
		{Name: "b", Attached: true}}
	if !slices.Equal(got.Queues, wantQueues) || !slices.Equal(got.Stations, wantStations) {
		t.Errorf("%+v", got)
	}
}
