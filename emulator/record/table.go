package record

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// column is one column of chains.csv: its name, with the unit, and how to write and read it.
type column struct {
	name string
	get  func(*Chain) string
	set  func(*Chain, string) error
}

func text(name string, at func(*Chain) *string) column {
	return column{name,
		func(c *Chain) string { return oneLine(*at(c)) },
		func(c *Chain, s string) error { *at(c) = s; return nil }}
}

func whole[T int | int64](name string, at func(*Chain) *T) column {
	return column{name,
		func(c *Chain) string { return strconv.FormatInt(int64(*at(c)), 10) },
		func(c *Chain, s string) error {
			v, err := strconv.ParseInt(s, 10, 64)
			*at(c) = T(v)
			return err
		}}
}

func seconds(name string, at func(*Chain) *float64) column {
	return column{name,
		func(c *Chain) string { return strconv.FormatFloat(*at(c), 'f', -1, 64) },
		func(c *Chain, s string) (err error) { *at(c), err = finite(s); return err }}
}

// predicted is a column that is empty where there is no prediction.
func predicted(name string, at func(*Times) *float64) column {
	return column{name,
		func(c *Chain) string {
			if c.Predicted == nil {
				return ""
			}
			return strconv.FormatFloat(*at(c.Predicted), 'f', -1, 64)
		},
		func(c *Chain, s string) (err error) {
			if s == "" {
				return nil
			}
			if c.Predicted == nil {
				c.Predicted = &Times{}
			}
			*at(c.Predicted), err = finite(s)
			return err
		}}
}

// host is a column that is empty where the host's part is not known.
func host(name string, at func(*HostLate) *float64) column {
	return column{name,
		func(c *Chain) string {
			if c.Host == nil || at(c.Host) == &c.Host.Fabric && !c.Host.FabricKnown {
				return ""
			}
			return strconv.FormatFloat(*at(c.Host), 'f', -1, 64)
		},
		func(c *Chain, s string) (err error) {
			if s == "" {
				return nil
			}
			if c.Host == nil {
				c.Host = &HostLate{}
			}
			part := at(c.Host)
			c.Host.FabricKnown = c.Host.FabricKnown || part == &c.Host.Fabric
			*part, err = finite(s)
			return err
		}}
}

// columns are those of chains.csv, in order.
func columns() []column {
	return []column{
		text("run", func(c *Chain) *string { return &c.Run }),
		text("testbed", func(c *Chain) *string { return &c.Testbed }),
		text("scenario", func(c *Chain) *string { return &c.Scenario }),
		text("model", func(c *Chain) *string { return &c.Model }),
		text("policy", func(c *Chain) *string { return &c.Policy }),
		text("fabric", func(c *Chain) *string { return &c.Fabric }),
		text("runtime", func(c *Chain) *string { return &c.Runtime }),
		text("client_class", func(c *Chain) *string { return &c.ClientClass }),
		whole("length", func(c *Chain) *int { return &c.Length }),
		{"time", func(c *Chain) string { return c.Time.UTC().Format(time.RFC3339Nano) },
			func(c *Chain, s string) (err error) { c.Time, err = time.Parse(time.RFC3339Nano, s); return err }},
		whole("index", func(c *Chain) *int { return &c.Index }),
		text("job", func(c *Chain) *string { return &c.Job }),
		text("client", func(c *Chain) *string { return &c.Client }),
		whole("start_ns", func(c *Chain) *int64 { return &c.Start }),
		seconds("latency_s", func(c *Chain) *float64 { return &c.Measured.Latency }),
		seconds("network_s", func(c *Chain) *float64 { return &c.Measured.Network }),
		seconds("processing_s", func(c *Chain) *float64 { return &c.Measured.Processing }),
		whole("bytes", func(c *Chain) *int64 { return &c.Bytes }),
		whole("states", func(c *Chain) *int { return &c.States }),
		whole("states_lost", func(c *Chain) *int { return &c.Lost }),
		whole("conflicts", func(c *Chain) *int { return &c.Conflicts }),
		whole("cold", func(c *Chain) *int { return &c.Cold }),
		seconds("late_s", func(c *Chain) *float64 { return &c.Late }),
		predicted("predicted_latency_s", func(t *Times) *float64 { return &t.Latency }),
		predicted("predicted_network_s", func(t *Times) *float64 { return &t.Network }),
		predicted("predicted_processing_s", func(t *Times) *float64 { return &t.Processing }),
		text("error", func(c *Chain) *string { return &c.Error }),
		host("host_late_s", func(h *HostLate) *float64 { return &h.All }),
		host("host_late_fabric_s", func(h *HostLate) *float64 { return &h.Fabric }),
		host("host_late_nodes_s", func(h *HostLate) *float64 { return &h.Nodes }),
		{"attempt", func(c *Chain) string { return strconv.Itoa(max(c.Attempt, 1)) },
			func(c *Chain, s string) (err error) { c.Attempt, err = strconv.Atoi(s); return err }},
		{"disturbed", func(c *Chain) string { return strconv.FormatBool(c.Disturbed) },
			func(c *Chain, s string) (err error) { c.Disturbed, err = strconv.ParseBool(s); return err }},
		{"weight", func(c *Chain) string { return strconv.FormatFloat(c.Stands(), 'f', -1, 64) },
			func(c *Chain, s string) (err error) { c.Weight, err = weight(s); return err }},
		whole("retries", func(c *Chain) *int { return &c.Retries }),
		text("machine", func(c *Chain) *string { return &c.Machine }),
	}
}

// weight reads how many jobs a chain stands for; 0: one.
func weight(s string) (float64, error) {
	v, err := finite(s)
	if err == nil && !(v >= 1 && v <= MaxWeight) {
		err = fmt.Errorf("a chain that stands for %q jobs, not 1 to %g", s, MaxWeight)
	}
	if v == 1 {
		v = 0
	}
	return v, err
}

// MaxWeight is the number of jobs that a chain can stand for.
const MaxWeight = 1e9

// oneLine makes a text fit for both formats.
func oneLine(s string) string {
	lines := strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Join(lines, "; ")
}

// header and row are lines of chains.csv. No field has a line break.
func header(columns []column) []byte {
	names := make([]string, len(columns))
	for i, col := range columns {
		names[i] = col.name
	}
	return tableLine(names)
}

func row(columns []column, c *Chain) []byte {
	fields := make([]string, len(columns))
	for i, col := range columns {
		fields[i] = col.get(c)
	}
	return tableLine(fields)
}

func tableLine(fields []string) []byte {
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	_ = w.Write(fields) // memory takes everything
	w.Flush()
	return line.Bytes()
}
