package predict

import (
	"time"

	"testbed/emulator/topology"
)

// Outage is a time in which a host sends and receives nothing, from the begin of a model's chains.
type Outage struct {
	Node     topology.ID
	From, To time.Duration
}
