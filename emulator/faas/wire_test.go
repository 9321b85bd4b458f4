package faas

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"testbed/emulator/plan"
)

func TestCallHeader(t *testing.T) {
	want := &call{
		key: "run-1/external/17", task: 3, function: "f", argument: 10, result: 20, ops: 1 << 40, load: 7,
	}
	want.states = []callState{
		{state: 0, bytes: 1 << 20, location: plan.Carried, version: 12, sum: 0xdeadbeef},
		{state: 1, bytes: 0, location: plan.Local},
		{state: 2, bytes: 5, location: plan.Repository, repository: "10.0.0.81:8080"},
		{state: 3, bytes: 5, location: plan.Repository},
		{state: 4, bytes: 1 << 20, location: plan.Carried, version: 1, sum: 1},
	}
	text := want.header()
	if len(text) > 500 {
		t.Errorf("the headers have %d bytes", len(text))
	}
	h := http.Header{}
	for _, line := range splitLines(string(text)) {
		h.Set(line[0], line[1])
	}
	got, err := parseCall("f", h)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v\n%+v", err, got, want)
	}
}

func FuzzCallHeader(f *testing.F) {
	f.Add("1 k 1 2 3 4 5", "c,1,2,3,ff;l,1,2;r,1,2,10.0.0.1:80;r,1,2,")
	f.Add("1 k 1 2 9223372036854775807 4 5", "c,1,9223372036854775807,3,ff;l,1,2")
	f.Add("1 k 1 2 3 4 5", "c,1,1073741824,3,ff;c,1,1073741824,0,0")
	f.Add("2 k 1 2 3 4 5", "")
	f.Fuzz(func(t *testing.T, head, states string) {
		h := http.Header{}
		h.Set(headerCall, head)
		h.Set(headerStates, states)
		c, err := parseCall("f", h)
		if err != nil {
			return
		}
		body := max(c.argument, c.result) + c.carried()
		if c.argument < 0 || c.result < 0 || c.ops < 0 || c.load < 0 || c.carried() < 0 || body > maxBody ||
			len(c.states) > maxStates || len(c.key) > maxKey {
			t.Errorf("sizes: %+v", c)
		}
		again := http.Header{}
		for _, line := range splitLines(string(c.header())) {
			again.Set(line[0], line[1])
		}
		if second, err := parseCall("f", again); err != nil || !reflect.DeepEqual(second, c) {
			t.Errorf("%v: %+v, read again %+v", err, c, second)
		}
	})
}

func FuzzReplyHeader(f *testing.F) {
	f.Add("100 0 5 5 7 8 9 10 11 12", "0;1 ff")
	f.Add("9223372036854775807 9223372036854775807 1 1 1 1 1 1 1 1", "1;-1 0")
	f.Add("100 0 5 5 7 8 9 10 11 12", "0,3;1 ff")
	c := &call{states: []callState{{bytes: 5, location: plan.Carried}, {bytes: 5, location: plan.Repository}}}
	f.Fuzz(func(t *testing.T, times, states string) {
		h := http.Header{}
		h.Set(headerTimes, times)
		h.Set(headerStates, states)
		r, err := parseReply(c, h)
		if err != nil {
			return
		}
		if len(r.times) != c.moments() || len(r.carried) > len(c.states) || len(r.retries) > len(c.states)+1 {
			t.Errorf("%+v", r)
		}
		if r.times.within(0, 1000) == nil && slices.Max(r.times) > 1000+int64(tolerated) {
			t.Errorf("%v is taken for moments near 1000", r.times)
		}
	})
}

// What a request may be, at its bounds and one beyond them.
func TestCallBounds(t *testing.T) {
	half := strconv.Itoa(maxBody / 2)
	for _, c := range []struct {
		head, states string
		good         bool
	}{
		{"1 k 0 1073741824 1073741824 0 0", "", true},
		{"1 k 0 1073741825 0 0 0", "", false},
		{"1 k 0 0 1073741825 0 0", "", false},
		{"1 k 0 0 0 0 0", "l,0,1073741824;l,1,1073741824", true},
		{"1 k 0 0 0 0 0", "l,0,1073741825", false},
		{"1 k 0 0 0 0 0", "c,0," + half + ",0,0;c,1," + half + ",0,0", true},
		{"1 k 0 1 0 0 0", "c,0," + half + ",0,0;c,1," + half + ",0,0", false},
		{"1 k 0 0 1 0 0", "c,0," + half + ",0,0;c,1," + half + ",0,0", false},
		{"1 k 0 0 0 0 0", strings.Repeat("c,0,9223372036854775807,0,0;", 3) + "l,0,0", false},
		{"1 k 0 9223372036854775807 9223372036854775807 0 0", "", false},
		{"1 k 0 -1 0 0 0", "", false},
		{"1 k 2147483648 0 0 0 0", "", false},
		{"1 k 0 0 0 0 2147483648", "", false},
		{"1 k 0 0 0 0 0", "r,0,1,10.0.0.1:8080", true},
		{"1 k 0 0 0 0 0", "r,0,1,host:8080", false},
		{"1 k 0 0 0 0 0", "r,0,1,10.0.0.1:8080/../..", false},
		{"1 " + strings.Repeat("k", maxKey) + " 0 0 0 0 0", "", true},
		{"1 " + strings.Repeat("k", maxKey+1) + " 0 0 0 0 0", "", false},
		{"1 k//k 0 0 0 0 0", "", false},
		{"1 k 0 0 0 0 0", strings.Repeat("l,0,1;", maxStates-1) + "l,0,1", true},
		{"1 k 0 0 0 0 0", strings.Repeat("l,0,1;", maxStates) + "l,0,1", false},
		{"1 k 0 0 0 0", "", false},
		{"k 0 0 0 0 0", "", false},
		{"", "", false},
	} {
		h := http.Header{}
		h.Set(headerCall, c.head)
		h.Set(headerStates, c.states)
		if _, err := parseCall("f", h); (err == nil) != c.good {
			t.Errorf("%.60s, %.60s: %v", c.head, c.states, err)
		}
	}
}

func splitLines(text string) (lines [][2]string) {
	for line := range strings.SplitSeq(text, "\r\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			lines = append(lines, [2]string{name, value})
		}
	}
	return lines
}
