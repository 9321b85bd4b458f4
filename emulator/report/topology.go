package report

import (
	"fmt"

	"testbed/emulator/report/graph"
	"testbed/emulator/report/run"
)

const (
	// mostDrawn is from how many nodes and lines on a topology is not drawn in a report: nobody could read it,
	// and the page would be too large.
	mostDrawn = 11_000
	// mostMarkup is how many bytes of the page its drawing may take.
	mostMarkup = 2_200_000
	// mostTall is from which height, of its width, on a topology is not printed as PNG: of its 2126 dots in a row.
	mostTall = 12
)

// topology draws the run's network.
func (d *drawings) topology(r *run.Run) {
	n := graph.Of(r.Topology)
	if size := len(n.Nodes) + len(n.Lines); size > mostDrawn {
		r.Missing = append(r.Missing,
			fmt.Sprintf("The topology of %d nodes and lines is not drawn, for that is more than %d; `testbed graph` draws it.",
				size, mostDrawn))
		return
	}
	picture := &topologyPicture{n, r.Load.Peaks}
	markup := picture.Inline(picture.use)
	if len(markup) > mostMarkup {
		r.Missing = append(r.Missing,
			fmt.Sprintf("The topology is not drawn, for that takes %d bytes; `testbed graph` draws it.", len(markup)))
		return
	}
	d.files, d.graph = append(d.files, picture), markup
}

// topologyPicture is the topology as a figure.
type topologyPicture struct {
	*graph.Network
	use graph.Use
}

// File implements figures.Drawing.
func (t *topologyPicture) File() string { return "topology" }

// Render implements figures.Drawing; there is no table of it.
func (t *topologyPicture) Render(format string) ([]byte, error) {
	switch format {
	case "csv":
		return nil, nil
	case "svg":
		return []byte(t.SVG(t.use)), nil
	}
	if format == "png" && t.Height(t.use) > mostTall {
		return nil, nil
	}
	return t.Picture(format, t.use)
}
