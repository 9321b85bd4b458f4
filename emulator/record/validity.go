package record

// The verdicts of a run on itself.
const (
	Green = "green" // the host has kept out of the measurement
	Amber = "amber" // it has not altogether: what it disturbed was repeated, or is little
	Red   = "red"   // what was measured is not what the scenario says
)

// Validity is a run's verdict on itself: how far the host, and others, have kept out of what it measured.
type Validity struct {
	Verdict string   `json:"verdict"`           // Green, Amber, Red
	Reasons []string `json:"reasons,omitempty"` // why it is not green, the weightiest first

	Share     float64 `json:"share"`     // of a chain's latency that the host may add; more, and it is disturbed
	Chains    int     `json:"chains"`    // that came to their end
	Disturbed int     `json:"disturbed"` // of those
	Unwatched int     `json:"unwatched"` // of those, of which the host's part is not known
	Repeated  int     `json:"repeated"`  // attempts that were disturbed, and made again

	// HostP50, HostP99 and HostMax are what the host may have added to a chain, in s, over all chains that are known.
	HostP50 float64 `json:"host_late_p50_s"`
	HostP99 float64 `json:"host_late_p99_s"`
	HostMax float64 `json:"host_late_max_s"`

	// Added is, by model, the share of the mean latency of its chains that the host may have added.
	Added map[string]float64 `json:"added,omitempty"`

	Fabric *FabricHealth `json:"fabric,omitempty"` // absent: it does not tell
	Others []string      `json:"others,omitempty"` // what others did to the testbed during the run

	// Canary is what probes beside the testbed's packets came to, on a network of the same kind. Where the fabric does
	// not tell, they are what is known of the fabric's part in chains.
	Canary      *Canary   `json:"canary,omitempty"`       // absent: there was none
	CanaryError string    `json:"canary_error,omitempty"` // why there was none, or it ended
	Host        *HostLoad `json:"host,omitempty"`         // absent: it is not known

	// Where the fabric does not tell, Lost are packets that the host lost, by the counters of the stations and links.
	Lost   uint64 `json:"lost,omitempty"`
	LostAt string `json:"lost_at,omitempty"` // the station or link that lost most of them

	// Cut is, of a testbed on several machines, what went from each to each other one, and Machines what each had to do.
	// ClockError is the most by which an instant that one machine tells may be wrong by the clock of the first, in s: so
	// much is added at both ends of a chain before it is held against times in which something was late.
	Cut        []Crossing        `json:"cut,omitempty"`
	Machines   []MachineHostLoad `json:"machines,omitempty"`
	ClockError float64           `json:"clock_error_s,omitempty"`
}

// Crossing is what went from one machine to another during a run. Times are in s.
type Crossing struct {
	From     string  `json:"from"`
	To       string  `json:"to"`
	Sent     uint64  `json:"sent"`     // packets handed over
	Lost     uint64  `json:"lost"`     // packets that were to be, and were lost on the way
	Received uint64  `json:"received"` // packets that came
	Late     uint64  `json:"late"`     // of these, those that came after they were due
	LateP50  float64 `json:"late_p50_s"`
	LateP99  float64 `json:"late_p99_s"`
	LateMax  float64 `json:"late_max_s"`
	// ClockError is the most by which the offset of the two clocks may have been wrong at the end.
	ClockError float64 `json:"clock_error_s"`
}

// MachineHostLoad is a HostLoad of one of several machines, with how late its fabric and its canary's probes were.
type MachineHostLoad struct {
	Machine string `json:"machine"`
	HostLoad
	Fabric *FabricHealth `json:"fabric,omitempty"` // absent: it does not tell; what was lost is told of all machines
	Canary *Canary       `json:"canary,omitempty"` // absent: there was none
}

// Canary is how late probes arrived, by their schedule, whose way takes a known time. Times are in s.
type Canary struct {
	Probes  uint64  `json:"probes"`
	LateP50 float64 `json:"late_p50_s"`
	LateP99 float64 `json:"late_p99_s"`
	LateMax float64 `json:"late_max_s"`
	Lost    uint64  `json:"lost"`
}

// HostLoad is what the host had to do during a run, and what it lacked. Shares are from 0 to 1.
type HostLoad struct {
	Processors int     `json:"processors"`
	Idle       float64 `json:"idle"`    // share of the processors' time, waiting for a disk among it
	Softirq    float64 `json:"softirq"` // in which packets were handled for whoever
	Steal      float64 `json:"steal"`   // that a hypervisor gave to others

	// Shares of the run's time in which something waited for a processor, a disk, memory; absent: not known.
	CPU    *float64 `json:"cpu_pressure,omitempty"`
	IO     *float64 `json:"io_pressure,omitempty"`
	Memory *float64 `json:"memory_pressure,omitempty"`

	MinMHz    float64 `json:"min_mhz,omitempty"` // of the processors' clocks, at the run's begin and end; 0: not known
	MaxMHz    float64 `json:"max_mhz,omitempty"`
	Throttled uint64  `json:"throttled,omitempty"` // how often processors were slowed down, for they were too hot
}

// FabricHealth is how punctual the fabric was during a run. Times are in s.
type FabricHealth struct {
	Packets      uint64  `json:"packets"`           // written to stations
	LateP50      float64 `json:"late_p50_s"`        // how late
	LateP99      float64 `json:"late_p99_s"`        //
	LateMax      float64 `json:"late_max_s"`        //
	OversleptP99 float64 `json:"overslept_p99_s"`   // of its sleeps
	OversleptMax float64 `json:"overslept_max_s"`   //
	Busy         float64 `json:"busy"`              // share of the run in which its thread was at work
	Waited       float64 `json:"waited_s"`          // in which it had work and no processor
	Lost         uint64  `json:"lost"`              // packets that the host lost: in rings, at writes, for want of memory
	LostAt       string  `json:"lost_at,omitempty"` // the station that lost most of them
}

// MostAdded is the largest share of a model's mean latency that the host may have added; 0 where none is known.
func (v *Validity) MostAdded() float64 {
	most := 0.0
	for _, share := range v.Added {
		most = max(most, share)
	}
	return most
}
