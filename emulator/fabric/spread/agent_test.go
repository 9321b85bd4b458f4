package spread

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/program"
	"testbed/emulator/internal/runkey"
	"testbed/emulator/machines"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

func TestWhereAMachineListens(t *testing.T) {
	own := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1"), netip.MustParseAddr("fe80::1"),
		netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")}
	lookup := func(name string) ([]netip.Addr, error) {
		switch name {
		case "seven":
			return []netip.Addr{netip.MustParseAddr("127.0.1.1"), netip.MustParseAddr("::ffff:192.0.2.7")}, nil
		case "itself":
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		case "gate":
			return []netip.Addr{netip.MustParseAddr("198.51.100.1")}, nil
		case "broken":
			return nil, io.ErrUnexpectedEOF
		}
		return nil, &net.DNSError{Name: name, Err: "no such host", IsNotFound: true}
	}
	for named, want := range map[string][2]string{
		"":             {"192.0.2.7", "192.0.2.7"},
		"192.0.2.7":    {"192.0.2.7", "192.0.2.7"},
		"2001:db8::7":  {"2001:db8::7", "2001:db8::7"},
		"127.0.0.1":    {"127.0.0.1", "127.0.0.1"},
		"198.51.100.1": {"198.51.100.1", "::"},
		"seven":        {"seven", "192.0.2.7"},
		"itself":       {"itself", "::"},
		"gate":         {"gate", "::"},
		"elsewhere":    {"elsewhere", "::"},
	} {
		host, at, err := bindTo(named, own, lookup)
		if err != nil || host != want[0] || at.String() != want[1] {
			t.Errorf("%q: reached at %q, listens at %v, %v; want %q", named, host, at, err, want)
		}
	}
	if _, _, err := bindTo("broken", own, lookup); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a name that cannot be looked up: %v", err)
	}
	if _, _, err := bindTo("", own[:3], lookup); !errors.Is(err, errNoAddress) {
		t.Errorf("a machine that only has itself: %v", err)
	}
}

func TestOneKey(t *testing.T) {
	list := []machines.Machine{{ID: "a"}, {ID: "b"}, {ID: "c"}}
	key, err := keyOf(list, make([]reply, 3))
	if err != nil || key == (runkey.Key{}) {
		t.Errorf("no key is drawn: %v", err)
	}
	if got, err := keyOf(list, []reply{{}, {Key: key}, {Key: key}}); err != nil || got != key {
		t.Errorf("another key than the machines have: %v", err)
	}
	_, err = keyOf(list, []reply{{}, {Key: key}, {Key: runkey.New()}})
	if err == nil || !strings.Contains(err.Error(), "machines b and c") {
		t.Errorf("two networks of one name: %v", err)
	}
}

// TestOwnStations: those of this machine are this kernel's; of others nothing is looked at; one that is elsewhere than
// the partition says is refused.
func TestOwnStations(t *testing.T) {
	top := topology.New("t")
	n := fabric.Network{Topology: top}
	for i, name := range []string{"a", "b", "c"} {
		id, err := top.Add(topology.Vertex{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		n.Stations = append(n.Stations, fabric.Station{ID: id, Sysctls: map[string]string{"x": "1"},
			NetNS: netns.Ref{Path: "/proc/1/ns/net", Start: 7, Machine: []string{"one", "two", "two"}[i]}})
	}
	p := part{Partition: machines.Partition{Of: map[string]int{"a": 0, "b": 1, "c": 1}}, Self: 1}
	got, err := p.own(n, "two")
	if err != nil {
		t.Fatal(err)
	}
	if s := got.Stations; s[0].NetNS != (netns.Ref{}) || s[0].Sysctls != nil || s[1].NetNS.Machine != "" ||
		s[1].NetNS.Start != 7 || len(s[1].Sysctls) != 1 {
		t.Errorf("%+v", s)
	}
	if n.Stations[1].NetNS.Machine != "two" {
		t.Error("what was given is changed")
	}
	n.Stations[2].NetNS.Machine = ""
	if _, err := p.own(n, "two"); !errors.Is(err, errElsewhere) || !strings.Contains(err.Error(), "station c") {
		t.Errorf("a namespace of nowhere: %v", err)
	}
}

func TestOnlyAbsent(t *testing.T) {
	absent, other := &fabric.AbsentError{Stations: []string{"a"}}, io.ErrUnexpectedEOF
	for _, c := range []struct {
		err  error
		want bool
	}{
		{absent, true}, {fmt.Errorf("fabric: %w", errors.Join(absent)), true}, {errors.Join(absent, other), false},
		{fmt.Errorf("fabric: %w: %w", absent, other), false}, {other, false}, {nil, false},
	} {
		if got := onlyAbsent(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

// asked is an agent's answer to a request.
func asked(t *testing.T, l map[string]func(context.Context, net.Conn), q request) error {
	t.Helper()
	here, there := net.Pipe()
	defer here.Close()
	go func() {
		defer there.Close()
		l[Service](t.Context(), there)
	}()
	if err := gob.NewEncoder(here).Encode(q); err != nil {
		t.Fatal(err)
	}
	var a reply
	if err := gob.NewDecoder(here).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return kinds.Error(a.Failure)
}

func TestRequestsThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	l := Services(program.At("/nowhere"), dir)
	one := machines.Partition{Machines: []machines.Machine{{ID: "m"}, {ID: "n"}}}
	of := func(op string, p part) request {
		return request{Op: op, Testbed: "t", Machine: "m", Network: network(t), Part: p}
	}
	for what, q := range map[string]request{
		`testbed "../x"`:                {Op: opApply, Testbed: "../x", Machine: "m"},
		`testbed ""`:                    {Op: opClose, Machine: "m"},
		`on machine ""`:                 {Op: opClose, Testbed: "t"},
		`is not "m"`:                    of(opApply, part{Partition: one, Self: 1}),
		"machine 9 of 2":                of(opApply, part{Partition: one, Self: 9}),
		"nothing was agreed":            of(opReshape, part{Partition: one}),
		"decode network":                {Op: opReshape, Testbed: "t", Machine: "m", Network: []byte("x")},
		"nothing carries the network":   {Op: opInspect, Testbed: "u", Machine: "m"},
		"this machine's agent has none": {Op: "dance", Testbed: "u", Machine: "m"},
	} {
		if err := asked(t, l, q); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %q", err, what)
		}
	}
	if err := asked(t, l, request{Op: "dance", Testbed: "t", Machine: "m"}); err == nil ||
		!strings.Contains(err.Error(), errRequest.Error()) {
		t.Errorf("an unknown operation: %v", err)
	}
	if err := asked(t, l, request{Op: opListen, Testbed: "t", Machine: "other"}); err == nil ||
		!strings.Contains(err.Error(), `this is "m"`) {
		t.Errorf("as another machine: %v", err)
	}
	if err := asked(t, Services(program.At("/nowhere")), request{Op: opListen, Testbed: "t", Machine: "m"}); err == nil ||
		!strings.Contains(err.Error(), errNoDirs.Error()) {
		t.Errorf("without a directory: %v", err)
	}
}

// network is the encoding of a small one.
func network(t testing.TB) []byte {
	top := topology.New("t")
	if _, err := top.Add(topology.Vertex{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := (fabric.Network{Testbed: "t", Topology: top}).Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzServe: no request, whatever it holds, does more than fail.
func FuzzServe(f *testing.F) {
	one := machines.Partition{Machines: []machines.Machine{{ID: "m"}}, Of: map[string]int{"a": 0}}
	for _, q := range []request{
		{Op: opInspect, Testbed: "t", Machine: "m"},
		{Op: opApply, Testbed: "t", Machine: "m", Network: network(f), Part: part{Partition: one, Key: runkey.New()}},
		{Op: opClose, Testbed: "t", Machine: "m"},
	} {
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(q); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(_ *testing.T, sent []byte) {
		l := Services(program.At("/nowhere")) // without a directory nothing is made
		here, there := net.Pipe()
		served := make(chan struct{})
		go func() {
			defer close(served)
			defer there.Close()
			l[Service](context.Background(), there)
		}()
		go func() { _, _ = io.Copy(io.Discard, here) }()
		_, _ = here.Write(sent)
		here.Close()
		<-served
	})
}
