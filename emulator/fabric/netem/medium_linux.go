package netem

import (
	"encoding/binary"
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// ifbName is the device through which everything in a medium's namespace goes.
const ifbName = "medium"

// makeMedium makes that device.
func (e *entered) makeMedium() error {
	h, err := e.links()
	if err != nil {
		return err
	}
	attrs := netlink.LinkAttrs{Name: ifbName, MTU: mtu, TxQLen: queueLength}
	if err := h.LinkAdd(&netlink.Ifb{LinkAttrs: attrs}); err != nil {
		return fmt.Errorf("ifb device: %w", err)
	}
	return nil
}

// redirect leads what comes in at a port through the medium's device, from where it comes back.
func (e *entered) redirect(index, ifb int) error {
	h, err := e.links()
	if err != nil {
		return err
	}
	ingress := netlink.QdiscAttrs{LinkIndex: index, Handle: ingressHandle, Parent: ingressParent}
	if err := h.QdiscAdd(&netlink.Ingress{QdiscAttrs: ingress}); err != nil {
		return fmt.Errorf("ingress: %w", err)
	}
	filter := &netlink.MatchAll{
		FilterAttrs: netlink.FilterAttrs{LinkIndex: index, Parent: ingressHandle, Priority: 1, Protocol: unix.ETH_P_ALL},
		Actions:     []netlink.Action{netlink.NewMirredAction(ifb)},
	}
	if err := h.FilterAdd(filter); err != nil {
		return fmt.Errorf("redirection to the medium: %w", err)
	}
	return nil
}

// redirection is what the filters of a device do to all that enters by it.
type redirection struct {
	to    int  // device; 0: none
	other bool // there is a filter that does something else, too
}

// redirection reads the filters of what enters by a device.
func (e *entered) redirection(index int) (redirection, error) {
	messages, err := e.dump(unix.RTM_GETTFILTER, unix.RTM_NEWTFILTER,
		&nl.TcMsg{Family: unix.AF_UNSPEC, Ifindex: int32(index), Parent: ingressHandle})
	if err != nil {
		return redirection{}, err
	}
	var r redirection
	for _, m := range messages {
		head := nl.DeserializeTcMsg(m)
		attrs, err := nl.ParseRouteAttr(m[head.Len():])
		if err != nil {
			return r, err
		}
		for _, a := range attrs {
			switch a.Attr.Type &^ unix.NLA_F_NESTED {
			case nl.TCA_KIND:
				r.other = r.other || unix.ByteSliceToString(a.Value) != "matchall"
			case nl.TCA_OPTIONS: // the filter itself; a message without them heads a list
				to := mirrored(a.Value)
				r.other = r.other || to == 0 || r.to != 0
				r.to = to
			}
		}
	}
	return r, nil
}

// mirrored is the device to which a filter's one action sends all packets; 0: it does something else.
func mirrored(options []byte) int {
	actions := attribute(options, nl.TCA_MATCHALL_ACT)
	if attribute(actions, 2) != nil {
		return 0 // several actions
	}
	action := attribute(actions, 1)
	if unix.ByteSliceToString(attribute(action, nl.TCA_ACT_KIND)) != "mirred" {
		return 0
	}
	// struct tc_mirred: index, capabilities, action, two counts; what it does, and the device.
	parms := attribute(attribute(action, nl.TCA_ACT_OPTIONS), nl.TCA_MIRRED_PARMS)
	if len(parms) < 28 || binary.NativeEndian.Uint32(parms[20:]) != uint32(netlink.TCA_EGRESS_REDIR) {
		return 0
	}
	return int(binary.NativeEndian.Uint32(parms[24:]))
}

// attribute finds one in a list of them; nil: it is not there.
func attribute(list []byte, kind uint16) []byte {
	attrs, err := nl.ParseRouteAttr(list)
	if err != nil {
		return nil
	}
	for _, a := range attrs {
		if a.Attr.Type&^unix.NLA_F_NESTED == kind {
			return a.Value
		}
	}
	return nil
}

// ingressDifferences: what enters a medium is led through its device, and nothing is done to what enters elsewhere.
func (v *view) ingressDifferences(i, at int, d *device) []difference {
	o, s := v.state[i], &v.l.spaces[i]
	var there *qdisc
	for k := range o.qdiscs[d.index] {
		if q := &o.qdiscs[d.index][k]; q.parent == ingressParent {
			there = q
		}
	}
	if !s.medium {
		if there == nil {
			return nil
		}
		return []difference{{port: at, what: fmt.Sprintf("%s has a %s", d.name, there.kind),
			mend: func(e *entered) error { return e.removeQdisc(d.index, there) }}}
	}
	ifb := o.byName(ifbName)
	if ifb == nil || there != nil && there.kind == "ingress" && o.filters[d.index] == (redirection{to: ifb.index}) {
		return nil
	}
	return []difference{{port: at, what: d.name + " leads past the medium", mend: func(e *entered) error {
		if there != nil {
			if err := e.removeQdisc(d.index, there); err != nil {
				return err
			}
		}
		return e.redirect(d.index, ifb.index)
	}}}
}
