package transport

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"testbed/emulator/units"
)

// TestShift moves a message under way at one event after the other: it arrives as much later, and the messages after it
// on the same connection take what they would have taken, so that no field with a time was left behind.
func TestShift(t *testing.T) {
	const size, later, after = 600_000, 7 * second, 3
	o := bare()
	o.EveryPacket, o.IdleRestart = true, true
	paths := map[string][]cable{
		"a link":       {both(50*units.Mbps, 10*time.Millisecond)},
		"long and fat": {both(units.Gbps, 60*time.Millisecond)},
		"a bottleneck": {both(units.Gbps, 0), both(10*units.Mbps, 20*time.Millisecond), both(units.Gbps, 0)},
		"shared mediums": {
			{300 * units.Mbps, 300 * units.Mbps, time.Millisecond, true},
			both(units.Gbps, 0),
			{20 * units.Mbps, 20 * units.Mbps, 5 * time.Millisecond, true},
		},
		"losses": {both(units.Gbps, 5*time.Millisecond), {10 * units.Mbps, 10 * units.Mbps, 40 * time.Millisecond, true}},
	}
	// carry sends messages one after another, and shifts the first at one of its events. It returns when each of them
	// was there, relative to its begin, and the events of the first.
	carry := func(t *testing.T, cables []cable, at int) (took []int64, events int) {
		r, a, b := newLine(t, o, cables...)
		s, h := &r.simulation, connectionOf(r, a, b).request
		s.prepare(r.routes.find(a, b), h, size, second)
		s.arrived = 0
		s.send()
		begin := second
		for s.step() {
			if events++; events == at && s.arrived == 0 {
				s.shift(later)
				begin += later
				if h.cubic.epoch != never {
					h.cubic.epoch += later
				}
				h.cubic.lastTime += later
			}
		}
		took = append(took, s.arrived-begin)
		for now := s.now; len(took) <= after; now = s.now {
			now += second / 20
			took = append(took, s.message(s.route, h, size, now)-now)
		}
		return took, events
	}
	for name, cables := range paths {
		t.Run(name, func(t *testing.T) {
			want, events := carry(t, cables, 0)
			for at := 1; at < events; at += 1 + events/300 {
				got, _ := carry(t, cables, at)
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("shifted at event %d of %d, message %d takes %d ps, want %d", at, events, i, got[i], want[i])
					}
				}
			}
		})
	}
}

// TestShiftKnowsEveryField holds that each number of a simulation under way is moved by shift or known to be no time.
func TestShiftKnowsEveryField(t *testing.T) {
	o := bare()
	o.EveryPacket = true
	r, a, b := newLine(t, o, both(10*units.Mbps, 10*time.Millisecond))
	s, h := &r.simulation, connectionOf(r, a, b).request
	s.prepare(r.routes.find(a, b), h, 600_000, second)
	s.send()
	for range 300 {
		s.step()
	}
	s.timer, s.steady.before = s.now+1, [2]int64{s.now - 1, s.now}
	before := map[string]int64{}
	numbers(reflect.ValueOf(s).Elem(), "", func(field string, v int64) { before[field] = v })
	const later = 1 << 50
	s.shift(later)
	noTime := map[string]bool{}
	for _, field := range strings.Fields(`stop count lastFrame last arrived hops lanes.slots.number
		lanes.slots.edge lanes.head lanes.tail
		steady.period steady.run half.window half.threshold half.next half.una half.edge half.recover half.most half.round
		half.delay half.smooth half.vary half.cubic.epoch half.cubic.lastTime half.cubic.lastValue half.hystart.end
		half.hystart.lowest half.hystart.samples half.receiver.quick half.receiver.got half.receiver.pending
		half.receiver.mss half.receiver.bytes half.receiver.space half.receiver.round half.receiver.counted`) {
		noTime[field] = true
	}
	moved, seen := map[string]bool{}, map[string]bool{}
	numbers(reflect.ValueOf(s).Elem(), "", func(field string, v int64) {
		name := regexp.MustCompile(`\[\d+\]`).ReplaceAllString(field, "")
		seen[name] = true
		moved[name] = moved[name] || v == before[field]+later // what a ring no longer holds stays
	})
	for name := range seen {
		if moved[name] == noTime[name] {
			t.Errorf("%s is moved: %v. Where it is a time, shift must move it; else name it in this test", name, moved[name])
		}
	}
}

// numbers visits the integers in a structure, but for what a simulation only reads.
func numbers(v reflect.Value, name string, visit func(field string, v int64)) {
	switch v.Kind() {
	case reflect.Pointer:
		if t := v.Type().Elem(); t != reflect.TypeFor[Options]() && t != reflect.TypeFor[route]() && !v.IsNil() {
			numbers(v.Elem(), name, visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			numbers(v.Field(i), strings.TrimPrefix(name+"."+v.Type().Field(i).Name, "."), visit)
		}
	case reflect.Array:
		for i := range v.Len() {
			numbers(v.Index(i), fmt.Sprintf("%s.%d", name, i), visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			numbers(v.Index(i), fmt.Sprintf("%s[%d]", name, i), visit)
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		visit(name, v.Int())
	case reflect.Uint64:
		visit(name, int64(v.Uint()))
	}
}
