package netem

import (
	"context"
	"fmt"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

var _ fabric.Visible = (*Fabric)(nil)

// Devices implements fabric.Visible: the device at whose egress each queue's netems are.
func (f *Fabric) Devices(ctx context.Context, queues []fabric.QueueName) ([]fabric.Device, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.wanted()
	if err != nil {
		return nil, concealed(err)
	}
	l, err := f.layoutOf(n)
	if err != nil {
		return nil, err
	}
	v, err := f.viewOf(ctx, n, l, nil, true)
	if err != nil {
		return nil, concealed(err)
	}
	defer v.close()
	ports := l.queuePorts()
	all := make([]fabric.Device, len(queues))
	for i, q := range queues {
		id, known := n.Topology.Lookup(q.Link)
		at, known2 := ports[topology.Channel{Link: id, Dir: q.Dir}]
		if !known || !known2 {
			return nil, fmt.Errorf("there is no queue %d of link %s", q.Dir, q.Link)
		}
		name := ifbName
		if at.port != ofMedium {
			d := v.bound[at]
			if d == nil {
				return nil, fmt.Errorf("link %s: its device is not there: `testbed apply` makes it again", q.Link)
			}
			name = d.name
		}
		all[i] = fabric.Device{NetNS: f.ref(n, &l.spaces[at.space]), Name: name}
	}
	return all, nil
}
