package experiment

import (
	"math"
	"slices"
	"strings"
)

// reserved are the names of the columns that are no factors, and those of samples: a database would have a factor's tag
// and a field under one name.
var reserved = []string{
	"cell", "repetition", "seed", "engine", "model", "policy", "index", "job", "length", "client", "client_class",
	"weight", "latency_s", "network_s", "processing_s", "bytes", "traffic_byte_hops", "states", "states_lost",
	"ok", "error", "late_s", "attempt", "disturbed", "host_late_s", "step", "task", "role", "from", "to", "ops",
	"begin_s", "duration_s", "run", "fabric", "runtime", "verdict", "reasons", "chains", "failed", "estimate_s",
	"took_s", "testbed", "scenario", "class", "link", "dir", "start_ns", "lost", "conflicts", "retries", "cold",
	"predicted_latency_s", "predicted_network_s", "predicted_processing_s", "latency_error_s", "network_error_s",
	"processing_error_s", "host_late_nodes_s", "host_late_fabric_s", "chain", "offset_s", "remote_s", "predicted_s",
	"error_s", "interval_s", "packets", "dropped", "throughput_bps", "rate_bps", "utilisation", "cpu_busy", "cpu_steal",
	"load1", "memory_used_bytes", "memory_total_bytes", "processors", "fabric_packets", "fabric_busy",
	"function", "method", "rounds", "unavailability_s", "drain_s", "delayed", "delay_s", "max_delay_s",
	"predicted_unavailability_s", "predicted_bytes", "predicted_rounds", "predicted_took_s", "unavailability_error_s",
	"held_s", "moved", "gain_s", "cost_s", "start_awaited_s", "predicted_unavailability_p95_s",
	"fabric_late_p50_s", "fabric_late_p99_s", "fabric_late_max_s", "starts", "start_s", "predicted_start_s",
	"picked", "picked_as_predicted",
	"number", "state_bytes", "moved_bytes", "move_s", "result_bytes", "result_digests", "state_digests",
	"machine", "from_machine", "to_machine", "clock_error_s",
}

// columns are those of the factors: of numbers, in the base unit that ends the name, where all levels are quantities
// or numbers; else of texts as given.
func (s *Spec) columns(cells []*Cell) []column {
	var all []column
	for i := range s.Factors {
		name := s.Factors[i].column()
		numbers, unit := true, ""
		for _, c := range cells {
			numbers, unit = numbers && !math.IsNaN(c.Values[i].Number), c.Values[i].Unit
		}
		if numbers && unit != "" && !strings.HasSuffix(name, "_"+unit) {
			name += "_" + unit
		}
		if slices.Contains(reserved, name) {
			name = "factor_" + name
		}
		one := column{name: name, text: func(l *line) string { return label(l.cell.Levels[i]) }}
		if numbers {
			one = column{name: name, number: func(l *line) float64 { return l.cell.Values[i].Number }}
		}
		all = append(all, one)
	}
	return all
}

func text(name string, of func(*line) string) column    { return column{name: name, text: of} }
func whole(name string, of func(*line) int64) column    { return column{name: name, whole: of} }
func number(name string, of func(*line) float64) column { return column{name: name, number: of} }

func truth(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// cellColumns tell cells apart: they begin every table.
func (s *Spec) cellColumns(cells []*Cell) []column {
	all := []column{text("cell", func(l *line) string { return l.cell.ID })}
	all = append(all, s.columns(cells)...)
	return append(all,
		whole("repetition", func(l *line) int64 { return int64(l.cell.Repetition) }),
		whole("seed", func(l *line) int64 { return int64(l.cell.Seed) }))
}

// chainColumns are those of chains.
func (s *Spec) chainColumns(cells []*Cell) []column {
	return append(s.cellColumns(cells),
		text("engine", func(l *line) string { return l.chain.Engine }),
		text("model", func(l *line) string { return l.chain.Model }),
		text("policy", func(l *line) string { return l.chain.Policy }),
		whole("index", func(l *line) int64 { return int64(l.chain.Index) }),
		text("job", func(l *line) string { return l.chain.Job }),
		whole("length", func(l *line) int64 { return int64(l.chain.Length) }),
		text("client", func(l *line) string { return l.chain.Client }),
		text("client_class", func(l *line) string { return l.chain.ClientClass }),
		number("weight", func(l *line) float64 { return l.chain.Stands() }),
		number("latency_s", func(l *line) float64 { return l.chain.Latency }),
		number("network_s", func(l *line) float64 { return l.chain.Network }),
		number("processing_s", func(l *line) float64 { return l.chain.Processing }),
		whole("bytes", func(l *line) int64 { return l.chain.Bytes }),
		whole("traffic_byte_hops", func(l *line) int64 { return l.chain.Traffic }),
		whole("states", func(l *line) int64 { return int64(l.chain.States) }),
		whole("states_lost", func(l *line) int64 { return int64(l.chain.Lost) }),
		whole("ok", func(l *line) int64 { return truth(l.chain.OK) }),
		text("error", func(l *line) string { return l.chain.Error }),
		number("late_s", func(l *line) float64 { return l.chain.Late }),
		whole("attempt", func(l *line) int64 { return int64(max(l.chain.Attempt, 1)) }),
		whole("disturbed", func(l *line) int64 { return truth(l.chain.Disturbed) }),
		number("host_late_s", func(l *line) float64 {
			if l.chain.HostLate == nil {
				return math.NaN()
			}
			return *l.chain.HostLate
		}),
		text("run", func(l *line) string { return l.result.Run }))
}

// stepColumns are those of steps.
func (s *Spec) stepColumns(cells []*Cell) []column {
	return append(s.cellColumns(cells),
		text("engine", func(l *line) string { return l.step.Engine }),
		text("model", func(l *line) string { return l.step.Model }),
		whole("index", func(l *line) int64 { return int64(l.step.Index) }),
		text("job", func(l *line) string { return l.step.Job }),
		whole("step", func(l *line) int64 { return int64(l.step.Step) }),
		whole("task", func(l *line) int64 { return int64(l.step.Task) }),
		text("role", func(l *line) string { return l.step.Role }),
		text("from", func(l *line) string { return l.step.From }),
		text("to", func(l *line) string { return l.step.To }),
		whole("bytes", func(l *line) int64 { return l.step.Bytes }),
		whole("ops", func(l *line) int64 { return l.step.Ops }),
		number("begin_s", func(l *line) float64 { return l.step.Begin }),
		number("duration_s", func(l *line) float64 { return l.step.Duration }))
}

// cellTableColumns are those of the table of cells.
func (s *Spec) cellTableColumns(cells []*Cell) []column {
	return append(s.cellColumns(cells),
		text("run", func(l *line) string { return l.result.Run }),
		text("fabric", func(l *line) string { return l.result.Fabric }),
		text("runtime", func(l *line) string { return l.result.Runtime }),
		text("verdict", func(l *line) string { return l.result.Verdict }),
		text("reasons", func(l *line) string { return strings.Join(l.result.Reasons, "; ") }),
		whole("chains", func(l *line) int64 { return int64(l.cell.Chains) }),
		whole("failed", func(l *line) int64 { return int64(l.result.Failed) }),
		number("estimate_s", func(l *line) float64 { return l.cell.Estimate }))
}
