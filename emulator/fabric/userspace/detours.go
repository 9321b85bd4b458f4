package userspace

import (
	"encoding/binary"
	"net/netip"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// detours are where a station that has routes of its own sends packets, the most specific first.
type detours []detour

type detour struct {
	to  netip.Prefix
	via *port // nil: straight to whoever has the address
}

// by is the port by way of which packets for an address go; nil: they go straight to whoever has it.
func (d detours) by(addr netip.Addr) *port {
	for i := range d {
		if d[i].to.Contains(addr) {
			return d[i].via
		}
	}
	return nil
}

// makeDetours takes further addresses and routes from the network. Without any second stays nil, and no packet is
// looked at for them.
func (t *table) makeDetours() error {
	if !fabric.Routed(&t.network) {
		return nil
	}
	if err := fabric.CheckRoutes(t.network); err != nil {
		return err
	}
	t.second, t.detours = map[netip.Addr]*port{}, make([]detours, len(t.ports))
	ports := map[topology.ID]*port{}
	for i := range t.network.Stations {
		ports[t.network.Stations[i].ID] = t.ports[i]
	}
	for i := range t.network.Stations {
		s := &t.network.Stations[i]
		for _, a := range s.Addresses {
			t.second[a.Addr()] = t.ports[i]
		}
		for _, r := range s.Next() {
			t.detours[i] = append(t.detours[i], detour{r.To, ports[r.Via]})
		}
	}
	return nil
}

// onto is the port that a packet from a station goes to: the one that it goes by way of, or the one that has the
// address. to is the one whose first address it is; nil: no station's.
func (t *table) onto(from, to *port, dest netip.Addr) *port {
	if by := from.detours.by(dest); by != nil {
		return by
	}
	if to == nil {
		to = t.second[dest]
	}
	return to
}

// owner is the port that has an address of either version of IP, its first or a further one; nil: none has.
func (t *table) owner(addr netip.Addr) *port {
	var to *port
	if addr.Is4() {
		to = t.lookup(addrInt(addr))
	} else {
		whole := addr.As16()
		to = t.lookup6(whole[:])
	}
	if to == nil {
		to = t.second[addr]
	}
	return to
}

// lookup6 is the port whose IPv6 address follows from its IPv4 one; nil: no station's does.
func (t *table) lookup6(addr []byte) *port {
	if to := t.lookup(binary.BigEndian.Uint32(addr[12:])); to != nil && to.net6 == [12]byte(addr) {
		return to
	}
	return nil
}
