package proc

import (
	"os"
	"strconv"
)

// Scores by which the kernel chooses what to end where memory is short, from -1000 (never) to 1000 (first).
const (
	OOMNode   = 500  // a node: one is a loss that the run tells of
	OOMFabric = -500 // the fabric's process, without which all is lost
)

// SetOOMScore sets the calling process's score, which its children take over. Lowering it takes a capability
// (CAP_SYS_RESOURCE) that root in a container may lack.
func SetOOMScore(score int) error {
	return os.WriteFile("/proc/self/oom_score_adj", []byte(strconv.Itoa(score)), 0)
}
