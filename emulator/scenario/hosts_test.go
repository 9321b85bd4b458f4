package scenario_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

const routed = `name: x
topology:
  nodes:
    a: {class: pi}
    r1: {class: pi}
    r2: {class: pi}
    s1: {kind: switch}
  links:
    - {endpoints: [a, s1]}
    - {endpoints: [r1, s1]}
    - {endpoints: [r2, s1]}
hosts:
`

func TestRouting(t *testing.T) {
	s, err := scenario.Parse([]byte(routed+`  a: {routes: [{to: 10.9.0.0/16, via: r1}, {to: default, via: r2}]}
  r1: {addresses: [10.9.0.1/24, fd00:9::1/64, 10.255.0.1]}
  r2: {forward: false, routes: [{to: fd00:8::/32, via: r1}]}
`), "x.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	check := func(s *scenario.Scenario) {
		t.Helper()
		var got []string
		for name, r := range s.Routing() {
			got = append(got, fmt.Sprint(name, r.Addresses, r.Routes, r.Forwards))
		}
		slices.Sort(got)
		want := "a[] [{10.9.0.0/16 r1} {0.0.0.0/0 r2} {::/0 r2}] false, " +
			"r1[10.9.0.1/24 fd00:9::1/64 10.255.0.1/32] [] true, r2[] [{fd00:8::/32 r1}] false"
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("got %s\nwant %s", text, want)
		}
	}
	check(s)
	text, err := s.Resolved()
	if err != nil {
		t.Fatal(err)
	}
	again, err := scenario.Parse(text, "y.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	check(again)
}

func TestRoutingIsChecked(t *testing.T) {
	for hosts, want := range map[string]string{
		"r3: {addresses: [10.9.0.1]}":                  `x.yaml:13:3: hosts.r3: there is no host "r3"`,
		"s1: {addresses: [10.9.0.1]}":                  `there is no host "s1"`,
		"a: {addresses: [10.9.0]}":                     `x.yaml:13:19: hosts.a.addresses[0]: "10.9.0" is no address`,
		"a: {addresses: [10.9.0.1/33]}":                `is no address with the length`,
		"a: {addresses: [10.9.0.1/0]}":                 `a network of all addresses has no hosts`,
		"a: {addresses: [10.64.7.7/24]}":               `10.64.7.7 is of 10.64.0.0/16, the network of the hosts' own`,
		"a: {addresses: [127.0.0.2]}":                  `127.0.0.2 cannot be given to a host`,
		"a: {addresses: [fe80::1/64]}":                 `fe80::1 cannot be given to a host`,
		"a: {addresses: ['fe80::1%lo']}":               `is no address`,
		"a: {addresses: [10.9.0.255/24, 10.9.1.0/24]}": `10.9.1.0 is the address of the network 10.9.1.0/24 itself`,
		"a: {addresses: [10.9.0.1/24, 10.9.0.1]}":      `a has the address 10.9.0.1 already`,
		"a: {routes: [{to: 10.9.0.1/24, via: r1}]}":    `write 10.9.0.0/24, or 10.9.0.1 for it alone`,
		"a: {routes: [{to: 10.9.0.0/24, via: a}]}":     `leads by way of the host itself`,
		"a: {routes: [{to: 10.9.0.0/24, via: r}]}":     `x.yaml:13:39: hosts.a.routes[0].via: there is no host "r"`,
		"a: {routes: [{to: nowhere, via: r1}]}":        `"nowhere" is no network`,
		"a: {routes: [{to: 224.0.0.0/8, via: r1}]}":    `224.0.0.0/8 is not routed`,
		"a: {routes: [{to: 10.64.0.0/16, via: r1}]}":   `the host is in the network 10.64.0.0/16 itself`,
		"a: {routes: [{via: r1}]}":                     `hosts.a.routes[0]`,

		"a: {routes: [{to: '::/0', via: r1}, {to: default, via: r1}]}": `a route to ::/0 already`,
	} {
		_, err := scenario.Parse([]byte(routed+"  "+hosts+"\n"), "x.yaml", builtin.Catalogue())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", hosts, err, want)
		}
	}
}
