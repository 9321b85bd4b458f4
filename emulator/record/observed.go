package record

import (
	"strconv"
	"time"

	"testbed/emulator/record/lineprotocol"
	"testbed/emulator/units"
)

// Link is one queue of a link over one sampling interval.
type Link struct {
	Run         string
	Testbed     string
	Scenario    string
	Fabric      string
	Runtime     string
	Machine     string // that carries it, of several; empty: there is one
	Link        string // its name
	Class       string // of the link, e.g. wlan
	Dir         int    // 0 or 1; always 0 of a shared medium
	Time        time.Time
	Interval    float64 // s since the sample before it
	Bytes       int64   // Ethernet frames sent on since the run's start; the packets, drops and losses too
	Packets     int64
	Dropped     int64         // for want of room
	Lost        int64         // by the loss wanted
	BitRate     float64       // bit/s over the interval
	Rate        units.BitRate // bit/s in force; 0: not limited
	Utilisation float64       // BitRate of Rate, in [0,1]; 0 where the rate is not limited

	Factors map[string]string // as in Tags
}

// Host is the load of the machine that everything runs on, or of one of several, over one sampling interval.
type Host struct {
	Run         string
	Testbed     string
	Scenario    string
	Fabric      string
	Runtime     string
	Machine     string // name of one of several; empty: the controller's
	Time        time.Time
	Interval    float64 // s since the sample before it
	Busy        float64 // share of all processors' time that was not idle, in [0,1]
	Steal       float64 // share that the hypervisor gave to others, in [0,1]; a part of Busy
	Load1       float64 // load average over a minute
	MemoryUsed  int64   // bytes, without what the kernel could give back
	MemoryTotal int64   // bytes
	Processors  int
	Late        *PacketsLate // nil: the fabric does not tell

	Factors map[string]string // as in Tags
}

// PacketsLate is how late the fabric wrote packets to stations in an interval. Times are in s.
type PacketsLate struct {
	Packets  int64
	P50, P99 float64
	Max      float64
	Busy     float64 // share of the interval in which the fabric was at work, in [0,1]
}

// Point is the sample in line protocol.
func (l *Link) Point() lineprotocol.Point {
	return lineprotocol.Point{
		Measurement: linkMeasurement, Time: l.Time,
		Tags: tagged(l.Factors, map[string]string{
			"run": l.Run, "testbed": l.Testbed, "scenario": l.Scenario, "fabric": l.Fabric, "runtime": l.Runtime,
			"machine": l.Machine, "link": l.Link, "class": l.Class, "dir": strconv.Itoa(l.Dir),
		}),
		Fields: map[string]any{
			"interval_s": l.Interval, "bytes": l.Bytes, "packets": l.Packets, "dropped": l.Dropped, "lost": l.Lost,
			"throughput_bps": l.BitRate, "rate_bps": int64(l.Rate), "utilisation": l.Utilisation,
		},
	}
}

func linkOf(p lineprotocol.Point) (Link, error) {
	dir, err := strconv.Atoi(p.Tags["dir"])
	return Link{
		Run: p.Tags["run"], Testbed: p.Tags["testbed"], Scenario: p.Tags["scenario"], Fabric: p.Tags["fabric"],
		Runtime: p.Tags["runtime"], Machine: p.Tags["machine"], Link: p.Tags["link"], Class: p.Tags["class"], Dir: dir,
		Time: p.Time.UTC(), Interval: p.Number("interval_s"), Bytes: p.Int("bytes"), Packets: p.Int("packets"), Dropped: p.Int("dropped"),
		Lost: p.Int("lost"), BitRate: p.Number("throughput_bps"), Rate: units.BitRate(p.Int("rate_bps")),
		Utilisation: p.Number("utilisation"),
	}, err
}

// Point is the sample in line protocol.
func (h *Host) Point() lineprotocol.Point {
	p := lineprotocol.Point{
		Measurement: hostMeasurement, Time: h.Time,
		Tags: tagged(h.Factors, map[string]string{
			"run": h.Run, "testbed": h.Testbed, "scenario": h.Scenario, "fabric": h.Fabric, "runtime": h.Runtime,
			"machine": h.Machine,
		}),
		Fields: map[string]any{
			"interval_s": h.Interval, "cpu_busy": h.Busy, "cpu_steal": h.Steal, "load1": h.Load1,
			"memory_used_bytes": h.MemoryUsed, "memory_total_bytes": h.MemoryTotal, "processors": int64(h.Processors),
		},
	}
	if l := h.Late; l != nil {
		p.Fields["fabric_packets"], p.Fields["fabric_busy"] = l.Packets, l.Busy
		p.Fields["fabric_late_p50_s"], p.Fields["fabric_late_p99_s"], p.Fields["fabric_late_max_s"] = l.P50, l.P99, l.Max
	}
	return p
}

func hostOf(p lineprotocol.Point) Host {
	h := Host{
		Run: p.Tags["run"], Testbed: p.Tags["testbed"], Scenario: p.Tags["scenario"], Fabric: p.Tags["fabric"],
		Runtime: p.Tags["runtime"], Machine: p.Tags["machine"], Time: p.Time.UTC(), Interval: p.Number("interval_s"),
		Busy: p.Number("cpu_busy"), Steal: p.Number("cpu_steal"), Load1: p.Number("load1"), MemoryUsed: p.Int("memory_used_bytes"),
		MemoryTotal: p.Int("memory_total_bytes"), Processors: int(p.Int("processors")),
	}
	if _, known := p.Fields["fabric_packets"]; known {
		h.Late = &PacketsLate{Packets: p.Int("fabric_packets"), Busy: p.Number("fabric_busy"),
			P50: p.Number("fabric_late_p50_s"), P99: p.Number("fabric_late_p99_s"), Max: p.Number("fabric_late_max_s")}
	}
	return h
}
