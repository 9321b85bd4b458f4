package statesim

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
)

// The simulator's own words, for its file names.
var (
	policyWords = map[placement.Policy]string{placement.Load: "ProcOnly", placement.LoadNet: "ProcNet"}
	modelWords  = map[plan.Model]string{
		plan.External: "UnchainedExternal", plan.InEdge: "UnchainedInEdge", plan.InFunction: "UnchainedInFunction",
		plan.InClient: "UnchainedInClient", plan.PureFaaS: "PureFaaS", plan.StatePropagate: "StatePropagate",
		plan.StateLocal: "StateLocal",
	}
)

// FileNames are the names under which the simulator writes the rows of jobs and the loads of nodes.
func FileNames(policy placement.Policy, m plan.Model, seed uint64) (jobs, nodes string) {
	suffix := fmt.Sprintf("-alloc=%s.exec=%s.seed=%d", policyWords[policy], modelWords[m], seed)
	return "job" + suffix, "node" + suffix
}

// WriteRows writes the file of jobs: processing time, network time, traffic and chain length, the times
// with the six significant digits of a C++ stream.
func WriteRows(w io.Writer, rows []Row) error {
	out := bufio.NewWriter(w)
	var line []byte
	for _, r := range rows {
		line = strconv.AppendFloat(line[:0], r.Processing, 'g', 6, 64)
		line = append(line, ' ')
		line = strconv.AppendFloat(line, r.Network, 'g', 6, 64)
		line = append(line, ' ')
		line = strconv.AppendInt(line, r.Traffic, 10)
		line = append(line, ' ')
		line = strconv.AppendInt(line, int64(r.Length), 10)
		line = append(line, '\n')
		_, _ = out.Write(line) // a failure is remembered by the buffer and returned by Flush
	}
	return out.Flush()
}

// WriteLoads writes the file of nodes: the number of tasks on each.
func WriteLoads(w io.Writer, loads []int) error {
	out := bufio.NewWriter(w)
	for _, n := range loads {
		_, _ = fmt.Fprintln(out, n) // a failure is remembered by the buffer and returned by Flush
	}
	return out.Flush()
}
