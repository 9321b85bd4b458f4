package faas

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"testbed/emulator/plan"
)

func TestProgramHeaders(t *testing.T) {
	want := &call{key: "run/in-client/1", task: 2, function: "f", argument: 10, program: true, states: []callState{
		{state: 0, bytes: 77, location: plan.Carried, version: 3, sum: 9},
		{state: 4, location: plan.Carried, store: "profile"},
	}}
	h := http.Header{}
	for _, line := range splitLines(string(want.header())) {
		h.Set(line[0], line[1])
	}
	got, err := parseCall("f", h)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%v\n%+v\n%+v", err, got, want)
	}
	if names := got.stores(1); !reflect.DeepEqual(names, []string{"statestore-2", "profile"}) {
		t.Errorf("the second state is %q", names)
	}
	for _, wrong := range []string{"profile", ";;", "a b;", ";a/b", ";" + strings.Repeat("x", maxName+1)} {
		h.Set(headerStores, wrong)
		if _, err := parseCall("f", h); err == nil {
			t.Errorf("stores %.30q are accepted", wrong)
		}
	}
	r := &reply{times: timeline{1, 2, 3, 4}, sizes: []resized{{1, 2}, {0, 1 << 30}}}
	answer := http.Header{}
	r.setHeader(answer)
	again, err := parseReply(got, answer)
	if err != nil || !reflect.DeepEqual(again.sizes, r.sizes) || again.returned(got) != 2+1<<30 {
		t.Errorf("%v: %+v", err, again)
	}
	for _, wrong := range []string{"", "1,2", "1,2;3", "1,2;3,-1", "1,2;3,4;5,6", "1,2;0,1073741825", "1,2;x,1"} {
		answer.Set(headerSizes, wrong)
		if _, err := parseReply(got, answer); err == nil {
			t.Errorf("sizes %q are accepted", wrong)
		}
	}
}

// An agent's answer about programs is believed only where it can be true.
func TestImpossibleProgramResults(t *testing.T) {
	spec := &ChainSpec{Invocations: []InvocationSpec{
		{}, {Program: true, States: []AccessSpec{{State: 3}}}, {Program: true},
	}}
	one := ProgramResult{Invocation: 1, Digest: "0123456789abcdef", States: []StateSizes{{State: 3, Read: 1, Written: 2}}}
	two := ProgramResult{Invocation: 2, Digest: "0123456789abcdef"}
	if err := (&ChainResult{Programs: []ProgramResult{one, two}}).validatePrograms(spec); err != nil {
		t.Fatal(err)
	}
	with := func(p ProgramResult, change func(*ProgramResult)) ProgramResult {
		p.States = append([]StateSizes(nil), p.States...)
		change(&p)
		return p
	}
	for name, programs := range map[string][]ProgramResult{
		"built in":       {with(two, func(p *ProgramResult) { p.Invocation = 0 })},
		"none":           {with(two, func(p *ProgramResult) { p.Invocation = 3 })},
		"twice":          {one, one},
		"no digest":      {with(one, func(p *ProgramResult) { p.Digest = "" })},
		"another digest": {with(one, func(p *ProgramResult) { p.Digest = "0123456789abcdeg" })},
		"a result":       {with(one, func(p *ProgramResult) { p.Result = maxBody + 1 })},
		"an argument":    {with(one, func(p *ProgramResult) { p.Argument = -1 })},
		"no states":      {with(one, func(p *ProgramResult) { p.States = nil })},
		"another state":  {with(one, func(p *ProgramResult) { p.States[0].State = 2 })},
		"its size":       {with(one, func(p *ProgramResult) { p.States[0].Written = -1 })},
	} {
		if err := (&ChainResult{Programs: programs}).validatePrograms(spec); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
