package netem

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

const backlogVariable = "/proc/sys/net/core/netdev_max_backlog"

// TestLossesOfTheHostAreNotTheModels: what a full queue drops is the queue's; what a device drops as the host's backlog
// is full is told apart, and at whom.
func TestLossesOfTheHostAreNotTheModels(t *testing.T) {
	needKernel(t)
	b := fabrictest.NewBench(t)
	b.Hosts("a", "b")
	b.Switch("s")
	b.Switch("r")
	b.Cable("a", "s", topology.Shape{}, topology.Shape{})
	b.Cable("s", "r", topology.Shape{}, topology.Shape{})
	narrow := topology.Shape{Rate: units.Mbps, Queue: 15 * units.KiB}
	b.Cable("r", "b", narrow, topology.Shape{})
	f := perTestbed(t)(t, b.Testbed)
	b.Apply(f)
	flood(t, b, 500)
	if at, dropped := lossesOf(t, f); len(at) > 0 || dropped == 0 {
		t.Errorf("a full queue: the host lost %v, the queue dropped %d", at, dropped)
	}
	before, err := os.ReadFile(backlogVariable)
	if err != nil {
		t.Fatal(err)
	}
	set := func(text string) {
		if err := os.WriteFile(backlogVariable, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set("0") // one packet may wait
	defer set(strings.TrimSpace(string(before)))
	flood(t, b, 5000)
	at, _ := lossesOf(t, f)
	t.Logf("a full backlog: %v", at)
	if len(at) == 0 {
		t.Error("nothing is told of a full backlog")
	}
}

// flood sends datagrams from a to b as fast as it can.
func flood(t *testing.T, b *fabrictest.Bench, count int) {
	t.Helper()
	to := &net.UDPAddr{IP: b.Station("b").Addr.Addr().AsSlice(), Port: 9}
	err := netns.Do(b.Station("a").NetNS, func() error {
		conn, err := net.DialUDP("udp4", nil, to)
		if err != nil {
			return err
		}
		defer conn.Close()
		for range count {
			_, _ = conn.Write(make([]byte, 1000)) // that nobody listens is told by ICMP, and no matter
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
}

// lossesOf is what the host has lost, by station and link, and what queues have dropped.
func lossesOf(t *testing.T, f fabric.Fabric) (at map[string]uint64, dropped uint64) {
	t.Helper()
	s, err := f.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at = map[string]uint64{}
	for _, station := range s.Stations {
		if station.Errors > 0 {
			at[station.Name] = station.Errors
		}
	}
	for _, q := range s.Queues {
		if dropped += q.Dropped; q.Errors > 0 {
			at[q.Link] = q.Errors
		}
	}
	return at, dropped
}
