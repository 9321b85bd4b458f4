package report

import (
	"fmt"
	"math"
	"time"

	"testbed/emulator/report/figures"
	"testbed/emulator/report/run"
)

// topLinks is how many queues are shown over time.
const topLinks = 8

// linkUse is the use of the queues that were used most, over time.
func linkUse(r *run.Run) *figures.Figure {
	f := timeline("link-use", "Use of the most used links", "Use of the link's rate (%)", "use_percent")
	for _, q := range r.Load.Queues[:min(topLinks, len(r.Load.Queues))] {
		if q.Peak > 0 {
			f.Curves = append(f.Curves, figures.Curve{Model: queueName(r, q), Points: over(q.Use, r.Load.Width, 100)})
		}
	}
	return f
}

// queueName tells a link's directions apart where it has two.
func queueName(r *run.Run, q *run.Queue) string {
	if r.Topology != nil {
		if id, ok := r.Topology.Lookup(q.Link); ok && len(r.Topology.Adjacency[id]) == 2 && q.Dir < 2 {
			if v := &r.Topology.Vertices[id]; v.LinkType == 0 {
				from := r.Topology.Adjacency[id][q.Dir].To
				return q.Link + ", from " + r.Topology.Vertices[from].Name
			}
			return q.Link
		}
	}
	if q.Dir == 0 {
		return q.Link
	}
	return fmt.Sprintf("%s, direction %d", q.Link, q.Dir)
}

// hostLoad is the load of the machine over time.
func hostLoad(r *run.Run) *figures.Figure {
	h := &r.Host
	f := timeline("host-load", "Load of the machine", "Share (%)", "percent")
	f.Curves = nonempty([]figures.Curve{
		{Model: "processors busy", Points: over(h.Busy, h.Width, 100)},
		{Model: "taken by the hypervisor (steal)", Points: over(h.Steal, h.Width, 100)},
		{Model: "memory used", Points: over(h.Memory, h.Width, 100/math.Max(1, float64(h.MemoryAll)))},
	})
	return f
}

// lateness is what the host may have added to chains over time.
func lateness(r *run.Run) *figures.Figure {
	l := &r.Lateness
	f := timeline("lateness", "What the host may have added to chains", "Lateness, at most (ms)", "late_ms")
	f.Curves = nonempty([]figures.Curve{
		{Model: "by the fabric", Points: over(l.Fabric, l.Width, 1000)},
		{Model: "by the chain's nodes", Points: over(l.Nodes, l.Width, 1000)},
		{Model: "packets, 99th percentile", Points: over(l.Packets, l.Width, 1000)},
		{Model: "of attempts made again", Points: over(l.Repeated, l.Width, 1000)},
	})
	return f
}

func timeline(name, title, label, column string) *figures.Figure {
	return &figures.Figure{Name: name, Title: title, ByOrder: true, NoMarks: true,
		X: figures.Axis{Label: "Time since the first chain began (s)", Column: "time_s"},
		Y: figures.Axis{Label: label, Column: column}}
}

// over makes points of a series, each in the middle of its bucket.
func over(s run.Series, width time.Duration, factor float64) []figures.Point {
	var points []figures.Point
	for i, v := range s {
		if !math.IsNaN(v) {
			points = append(points, point((float64(i)+0.5)*width.Seconds(), v*factor))
		}
	}
	return points
}
