// Package gns3 reads the networks of GNS3's projects (.gns3) with the packet filters of their links.
package gns3

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/tree"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return network.Formats.Of(catalogue.Entry[network.Format]{
		Description: catalogue.Description{
			Name: "gns3", About: "a project of GNS3, with the packet filters of its links", Brief: "GNS3's project",
		},
		Does: network.Format{Detect: Detect, Parse: Parse},
	})
}

// Detect says whether a file begins as a project does.
func Detect(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && bytes.Contains(head, []byte(`"project_id"`)) &&
		bytes.Contains(head, []byte(`"topology"`))
}

// forwards are the types of nodes that forward: switches, and emulated routers. All others are hosts.
var forwards = map[string]bool{
	"ethernet_switch": true, "ethernet_hub": true, "frame_relay_switch": true, "atm_switch": true, "dynamips": true,
	"iou": true, "cloud": true, "nat": true,
}

// Parse reads a project. A link has what its filters say in both directions, and no limit of its rate.
func Parse(text []byte, _ catalogue.Values) (*network.Graph, error) {
	root, err := tree.JSON(text)
	if err != nil {
		return nil, err
	}
	top := root.Get("topology")
	if !top.Get("nodes").Is(tree.List) {
		return nil, network.Failf(root.Line, "this is not a project of GNS3: there is no list topology.nodes")
	}
	g := &network.Graph{Name: root.Get("name").String(), Unshaped: true}
	var untaken network.Untaken
	for _, n := range top.Get("nodes").Items {
		untaken.Keys(network.Nodes, n, slices.Concat(drawn, []string{"node_id", "name", "node_type", "properties"})...)
		untaken.Keys("nodes' properties", n.Get("properties"), slices.Concat(drawn, []string{"image"})...)
		kind := topology.Host
		if forwards[n.Get("node_type").String()] {
			kind = topology.Switch
		}
		g.Nodes = append(g.Nodes, network.Node{
			ID: n.Get("node_id").String(), Label: n.Get("name").String(), Line: n.Line, Kind: kind,
			Class: n.Get("node_type").String(), Image: n.Get("properties").Get("image").String(),
		})
	}
	var errs network.Errors
	if links := top.Get("links"); links.Is(tree.List) {
		for _, l := range links.Items {
			untaken.Keys(network.Links, l, "link_id", "link_style", "link_type", "nodes", "filters", "suspend", "project_id")
			errs.Add(link(g, l, &untaken))
		}
	}
	g.Notes = append(g.Notes, untaken.Notes()...)
	return g, errs.Join()
}

// drawn are the keys of nodes that say how GNS3 shows and reaches them, and nothing of the network.
var drawn = []string{"compute_id", "console", "console_auto_start", "console_http_path", "console_http_port",
	"console_resolution", "console_type", "first_port_name", "height", "label", "locked", "port_name_format",
	"port_segment_size", "project_id", "symbol", "template_id", "usage", "width", "x", "y", "z"}

// link adds a link, unless it is suspended or drops everything.
func link(g *network.Graph, v *tree.Value, untaken *network.Untaken) error {
	l := network.Link{Line: v.Line}
	if nodes := v.Get("nodes"); nodes.Is(tree.List) {
		for _, n := range nodes.Items {
			end := network.End{Node: n.Get("node_id").String(), Port: n.Get("label").Get("text").String()}
			if end.Port == "" && n.Get("adapter_number") != nil {
				end.Port = n.Get("adapter_number").String() + "/" + n.Get("port_number").String()
			}
			l.Ends = append(l.Ends, end)
		}
	}
	var s network.Shape
	cut, err := filters(&l, &s, v.Get("filters"), untaken)
	if cut || v.Get("suspend").String() == "true" {
		g.Notes = append(g.Notes, fmt.Sprintf("left out: the link of line %d, which lets nothing pass", v.Line))
		return err
	}
	l.Both(s)
	g.Links = append(g.Links, l)
	return err
}

// filters reads what a link's packet filters do; cut: they let nothing pass.
func filters(l *network.Link, s *network.Shape, v *tree.Value, untaken *network.Untaken) (cut bool, err error) {
	if !v.Is(tree.Map) {
		return false, nil
	}
	for _, f := range v.Keys {
		if !f.Value.Is(tree.List) || len(f.Value.Items) == 0 {
			continue
		}
		arguments := make([]string, len(f.Value.Items))
		for i, item := range f.Value.Items {
			arguments[i] = item.String()
		}
		var wrong error
		switch f.Name {
		case "frequency_drop":
			s.HasLoss = true
			cut, wrong = frequency(l, s, arguments[0])
		case "packet_loss":
			s.HasLoss = true
			s.Loss, wrong = combined(s.Loss, arguments[0])
		case "delay":
			s.Delay, wrong = network.Milliseconds(arguments[0])
			s.HasDelay = true
			if len(arguments) > 1 && wrong == nil {
				s.HasJitter = true
				s.Jitter, wrong = network.Milliseconds(arguments[1])
			}
		case "corrupt":
			s.HasCorrupt = true
			s.Corrupt, wrong = network.Percent(arguments[0])
		default:
			l.Notes = append(l.Notes, "not kept: the filter "+network.Shown(f.Name))
			untaken.Add("links' filters", f.Name, f.Line)
		}
		if wrong != nil && err == nil {
			err = network.Failf(f.Line, "the filter %s: %w", f.Name, wrong)
		}
	}
	return cut, err
}

// combined is the loss of two filters one after the other, the second in percent.
func combined(before float64, percent string) (float64, error) {
	loss, err := network.Percent(percent)
	if err != nil {
		return 0, err
	}
	return network.Share(1 - (1-before)*(1-loss))
}

// frequency is the filter that drops each nth packet, all of them where n is -1.
func frequency(l *network.Link, s *network.Shape, text string) (cut bool, err error) {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < -1 || n > 32767:
		return false, fmt.Errorf("%s is not a whole number from -1 to 32767", network.Shown(text))
	case n == -1 || n == 1:
		return true, nil
	case n > 1:
		l.Notes = append(l.Notes, fmt.Sprintf("loss: each %dth packet, taken for as many at random", n))
		s.Loss, err = combined(s.Loss, strconv.FormatFloat(100/float64(n), 'g', -1, 64))
	}
	return false, err
}
