package netem

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// rulePriority is that of the fabric's rules, before the one that leads to the main table.
const rulePriority = 1000

// rule is an entry of the policy database: what has a source address and comes by a device goes by a table.
type rule struct {
	from     netip.Prefix
	enter    string // device
	table    uint32
	priority uint32
	plain    bool   // it says nothing else
	raw      []byte // as the kernel tells it
}

// as tells whether the rules do the same.
func (r *rule) as(o rule) bool {
	return r.plain == o.plain && r.from == o.from && r.enter == o.enter && r.table == o.table && r.priority == o.priority
}

// rules lists those of both versions of IP that the kernel does not make itself.
func (e *entered) rules() (all []rule, err error) {
	for _, family := range families() {
		ask := nl.NewRtMsg() // a rule's header is like a route's
		ask.RtMsg = unix.RtMsg{Family: family}
		messages, err := e.dump(unix.RTM_GETRULE, unix.RTM_NEWRULE, ask)
		if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EAFNOSUPPORT) {
			continue // a kernel without policy routing has none
		}
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			r, err := parseRule(m)
			if err != nil {
				return nil, err
			}
			kernels := r.from.Bits() == 0 && r.enter == "" && r.plain && r.table >= unix.RT_TABLE_DEFAULT &&
				r.table <= unix.RT_TABLE_LOCAL
			if !kernels {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

func parseRule(m []byte) (rule, error) {
	head := nl.DeserializeRtMsg(m)
	attrs, err := nl.ParseRouteAttr(m[head.Len():])
	if err != nil {
		return rule{}, err
	}
	from := netip.IPv4Unspecified()
	if head.Family == unix.AF_INET6 {
		from = netip.IPv6Unspecified()
	}
	r := rule{table: uint32(head.Table), raw: slices.Clone(m),
		plain: head.Type == unix.FR_ACT_TO_TBL && head.Flags&unix.FIB_RULE_INVERT == 0 && head.Tos == 0}
	for _, a := range attrs {
		switch a.Attr.Type {
		case nl.FRA_SRC:
			from, _ = netip.AddrFromSlice(a.Value)
		case nl.FRA_IIFNAME:
			r.enter = unix.ByteSliceToString(a.Value)
		case nl.FRA_PRIORITY:
			r.priority = u32(a.Value)
		case nl.FRA_TABLE:
			r.table = u32(a.Value)
		case nl.FRA_PROTOCOL, nl.FRA_SUPPRESS_PREFIXLEN, nl.FRA_PAD: // of every rule
		default:
			r.plain = false
		}
	}
	r.from = netip.PrefixFrom(from, int(head.Src_len))
	return r, nil
}

// addRule makes a rule.
func (e *entered) addRule(r rule) error {
	req := nl.NewNetlinkRequest(unix.RTM_NEWRULE, unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	msg := nl.NewRtMsg()
	msg.RtMsg = unix.RtMsg{Family: family(r.from.Addr()), Src_len: uint8(r.from.Bits()), Type: unix.FR_ACT_TO_TBL}
	req.AddData(msg)
	req.AddData(nl.NewRtAttr(nl.FRA_SRC, r.from.Addr().AsSlice()))
	req.AddData(nl.NewRtAttr(nl.FRA_IIFNAME, nl.ZeroTerminated(r.enter)))
	req.AddData(nl.NewRtAttr(nl.FRA_TABLE, nl.Uint32Attr(r.table)))
	req.AddData(nl.NewRtAttr(nl.FRA_PRIORITY, nl.Uint32Attr(r.priority)))
	req.AddData(nl.NewRtAttr(nl.FRA_PROTOCOL, []byte{routeOrigin}))
	return e.execute(req)
}

// removeRule removes a rule that the kernel has told of.
func (e *entered) removeRule(r rule) error {
	req := nl.NewNetlinkRequest(unix.RTM_DELRULE, unix.NLM_F_ACK)
	req.AddRawData(r.raw)
	return e.execute(req)
}

// policy is what leads a space's packets of stations with ways of their own by these: rules, and tables, whose numbers
// are the stations' addresses.
func (v *view) policy(i int) (rules []rule, routes map[tableRoute]routeObserved) {
	routes = map[tableRoute]routeObserved{}
	gone := v.l.gone(v.n, i)
	for s, ways := range v.l.own[i] {
		of := &v.l.spaces[v.l.index[v.n.Stations[s].ID]]
		first := of.address.Addr().As4()
		table := binary.BigEndian.Uint32(first[:])
		for port := range ways.enter {
			d := v.bound[portID{i, port}]
			for _, from := range of.wantedAddresses() {
				if d != nil {
					rules = append(rules, rule{from: from, enter: d.name, table: table, priority: rulePriority, plain: true})
				}
			}
		}
		for to, port := range ways.to {
			where := target{port: port}
			if gone[port] {
				where = unreachable
			}
			if r, leads := v.ownRoute(i, to, where); leads {
				r.table = table
				routes[tableRoute{table, to}] = r
			}
		}
	}
	return rules, routes
}

// tableRoute names a route of one of several tables.
type tableRoute struct {
	table uint32
	to    netip.Prefix
}

func (t tableRoute) compare(o tableRoute) int {
	return cmp.Or(cmp.Compare(t.table, o.table), t.to.Compare(o.to))
}

// ownRoute is one of a station's table: to a target, or, where that is nowhere, on to the main table.
func (v *view) ownRoute(i int, to netip.Prefix, where target) (r routeObserved, leads bool) {
	switch {
	case to.Addr().Is6() && !hasSix():
		return r, false
	case where == nowhere:
		return routeObserved{dst: to, kind: unix.RTN_THROW, scope: unix.RT_SCOPE_UNIVERSE, protocol: routeOrigin}, true
	}
	if r, leads = v.routeTo(i, to, where); to.Addr().Is6() {
		r = v.as6(i, r)
	}
	return r, leads
}

// policyDifferences: what forwards has the rules and the tables of stations that are wanted, and no others.
func (v *view) policyDifferences(i int) (all []difference) {
	if v.l.spaces[i].station >= 0 {
		return nil
	}
	rules, routes := v.policy(i)
	o, right, stale := v.state[i], map[tableRoute]bool{}, []difference(nil)
	for _, r := range o.own {
		at := tableRoute{r.table, r.dst}
		if w, wanted := routes[at]; wanted && r.as(w) && !right[at] {
			right[at] = true
		} else if !wanted || !r.main() || right[at] { // otherwise it is replaced
			stale = append(stale, difference{port: ofSpace, what: "there is a route to " + r.dst.String() + " in another table",
				mend: func(e *entered) error { return e.setRoute(r, false) }})
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(routes), tableRoute.compare) {
		if !right[at] {
			what := "a host's own route to " + at.to.String() + " is missing or another"
			all = append(all, difference{port: ofSpace, what: what,
				mend: func(e *entered) error { return e.setRoute(routes[at], true) }})
		}
	}
	for _, r := range rules {
		if !slices.ContainsFunc(o.rules, func(has rule) bool { return has.as(r) }) {
			what := "the rule for packets of " + r.from.Addr().String() + " is missing"
			all = append(all, difference{port: ofSpace, what: what, mend: func(e *entered) error { return e.addRule(r) }})
		}
	}
	for k, r := range o.rules {
		twice := slices.ContainsFunc(o.rules[:k], func(has rule) bool { return has.as(r) })
		if twice || !slices.ContainsFunc(rules, func(want rule) bool { return want.as(r) }) {
			all = append(all, difference{port: ofSpace, what: "there is a rule for packets of " + r.from.String(),
				mend: func(e *entered) error { return e.removeRule(r) }})
		}
	}
	return append(all, stale...) // first what is added, so that packets always have a way
}
