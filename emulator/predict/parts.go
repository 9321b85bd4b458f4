package predict

import "math"

// Parts say what a step's time consists of, in picoseconds, which are exact: they add up to the step's
// duration as the engine calculated it. (End - Start differs from that by the rounding of float64.)
type Parts struct {
	Propagation   int64 // transfers: the links' delays
	Serialisation int64 // transfers: the bits on the links: store-and-forward, and each packet behind the one before
	SlowStart     int64 // transfers: waiting for the sender's and receiver's windows, and so for ACKs, beyond that
	RoundTrip     int64 // a state's read and write: the message without the state, GET or answer; a connection's set-up
	Queueing      int64 // waiting behind others: what a step took beyond what it takes alone, doing it again included
	Host          int64 // what calibration adds: to a message the hosts' time, to an execution the FaaS's
	Processing    int64 // executions: operations at the node's speed; waits for an instance: its start
}

// Sum is the step's duration in picoseconds.
func (p Parts) Sum() int64 {
	return p.Propagation + p.Serialisation + p.SlowStart + p.RoundTrip + p.Queueing + p.Host + p.Processing
}

// Add adds the n-th part of other, rounded down to a picosecond in each of its parts.
func (p *Parts) Add(other *Parts, n int64) {
	for i, f := range p.fields() {
		*f += *other.fields()[i] / n
	}
}

// magnitude is the sum without signs; it cannot overflow.
func (p *Parts) magnitude() float64 {
	sum := 0.0
	for _, f := range p.fields() {
		sum += math.Abs(float64(*f))
	}
	return sum
}

// Picosecond is a picosecond in seconds.
const Picosecond = 1e-12

// Seconds converts picoseconds.
func Seconds(picoseconds int64) float64 { return float64(picoseconds) / 1e12 }

// partNames are the columns of prediction.csv that hold parts, in the order of parts' fields.
var partNames = []string{
	"propagation_ps", "serialisation_ps", "slow_start_ps", "round_trip_ps", "host_ps", "processing_ps",
	"queueing_ps",
}

// fields are the parts in the order of partNames.
func (p *Parts) fields() [7]*int64 {
	return [7]*int64{
		&p.Propagation, &p.Serialisation, &p.SlowStart, &p.RoundTrip, &p.Host, &p.Processing, &p.Queueing,
	}
}
