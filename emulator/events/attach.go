package events

import (
	"fmt"
	"maps"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// attaching finds what an event moves, and what is down meanwhile; outage is nil where nothing is. An attachment is
// that of the scenario, whatever events moved before.
func attaching(t *topology.Topology, e *scenario.Event) (move, outage *change, err error) {
	a := e.Attach
	host, errs := find(t, []string{a.Host}, func(k topology.Kind) bool { return k == topology.Host }, "host")
	to, ok := t.Lookup(a.To)
	if len(errs) > 0 || !ok {
		return nil, nil, fmt.Errorf("there is no host %q, or nothing of the name %q", a.Host, a.To)
	}
	from, err := t.AttachmentOf(host[0], a.Link)
	if err != nil {
		return nil, nil, err
	}
	moved := *t
	if err := moved.Reattach(from, to); err != nil {
		return nil, nil, err
	}
	begin := e.Begin()
	move = &change{begin: begin, kind: attach, attachment: from, to: to,
		text: fmt.Sprintf("host %s attached to %s", a.Host, a.To)}
	if a.Outage > 0 {
		what := t.Vertices[from.At].Name
		outage = &change{begin: begin, end: begin + a.Outage, window: true, kind: down, targets: []topology.ID{from.At},
			text: fmt.Sprintf("%s down while %s moves", what, a.Host), after: what + " up"}
	}
	return move, outage, nil
}

// move puts a host's attachment elsewhere, or back to where the scenario has it.
func (n *network) move(c *change) {
	n.moved = maps.Clone(n.moved)
	if n.moved == nil {
		n.moved = map[topology.Attachment]topology.ID{}
	}
	if n.moved[c.attachment] = c.to; c.to == c.attachment.To {
		delete(n.moved, c.attachment)
	}
	n.attachmentsChanged, n.mover = true, c.event
}

// reattached works out where hosts are attached. It fails where some cannot reach each other.
func (n *network) reattached() ([]fabric.Move, error) {
	moves := make([]fabric.Move, 0, len(n.moved))
	for from, to := range n.moved {
		moves = append(moves, fabric.Move{At: from.At, From: from.To, To: to})
	}
	slices.SortFunc(moves, fabric.Move.Compare)
	graph := *n.base
	for _, m := range moves {
		if err := graph.Reattach(topology.Attachment{At: m.At, To: m.From}, m.To); err != nil {
			return nil, err
		}
	}
	if errs := graph.Connected(); len(errs) > 0 {
		return nil, errs[0]
	}
	return moves, nil
}
