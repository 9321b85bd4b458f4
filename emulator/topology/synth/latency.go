package synth

import (
	"time"

	"testbed/emulator/topology"
)

// Lognormal is a shifted lognormal distribution of a latency, in ms: Loc + Scale · exp(Sigma · N(0,1)).
type Lognormal struct {
	Sigma, Loc, Scale float64
}

// LatencyModel says how latencies are drawn.
type LatencyModel struct {
	LAN         Lognormal     // hosts' access links and switch trunks
	WLAN        Lognormal     // shared media
	BusinessISP Lognormal     // both sides of a business line's links
	MobileISP   Lognormal     // both sides of a mobile backhaul's links
	Exchanges   time.Duration // between two exchanges, fixed
}

// DefaultLatencies are ether's distributions, and 10 ms between exchanges.
func DefaultLatencies() LatencyModel {
	return LatencyModel{
		LAN:         Lognormal{0.25, 0.35, 0.16},
		WLAN:        Lognormal{0.635, 1.18, 3.27},
		BusinessISP: Lognormal{0.87, 5.95, 1.21},
		MobileISP:   Lognormal{0.49, 16.2, 8.02},
		Exchanges:   10 * time.Millisecond,
	}
}

// Latencies draws the delay of every edge, one draw for each pair of neighbours; both directions have
// the same. Edges without a distribution get 0.
func Latencies(t *topology.Topology, model LatencyModel, seed uint64) {}
