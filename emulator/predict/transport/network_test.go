package transport

import (
	"math/rand/v2"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// meeting makes every message of a replay join the network, as if there were others on its way.
func meeting(r *replay, from, to topology.ID) {
	for _, q := range append(r.routes.find(from, to).shared, r.routes.find(to, from).shared...) {
		if s := &r.network.queues[q]; len(s.users) == 0 {
			s.users = append(s.users, &flow{joined: true})
		}
	}
}

// What the network makes of a message's packets is, to the picosecond, what the simulation of one alone makes of them,
// on any path, for any history of the connection, as long as no queue is full.
func TestNetworkIsTheSimulation(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 0))
	for trial := range 200 {
		var cables []cable
		for range 1 + random.IntN(4) {
			rate := func() units.BitRate { return units.BitRate(1e6 * (1 + random.IntN(1000))) }
			delay := time.Duration(random.IntN(50_000)) * time.Microsecond
			cables = append(cables, cable{rate(), rate(), delay, random.IntN(3) == 0})
		}
		o := bare()
		o.EveryPacket, o.Header, o.Bursts = true, 250, units.BitRate(random.IntN(2))*200*units.Mbps
		alone, a, b := newLine(t, o, cables...)
		among, _, _ := newLine(t, o, cables...)
		meeting(among, a, b)
		for k := range 4 {
			s := plan.Step{Role: plan.Request, From: a, To: b, Bytes: int64(random.IntN(1 << (1 + random.IntN(21))))}
			want, err := transfer(alone, &s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := transfer(among, &s)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Fatalf("trial %d, message %d of %d bytes over %+v:\n%+v, alone\n%+v", trial, k, s.Bytes, cables, got, want)
			}
			pause := want.Sum() + 10*second // the last ACKs are there, too
			alone.clock, among.clock = alone.clock+pause, among.clock+pause
		}
	}
}
