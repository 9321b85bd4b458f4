package compare

import "testbed/emulator/plan"

// sample is a chain that was measured without an error.
type sample struct {
	job                        string
	model                      plan.Model
	index, length              int32
	total, network, processing float64
}
