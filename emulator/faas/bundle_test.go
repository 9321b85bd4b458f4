package faas

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

// All of a bundle takes effect with its last write, or nothing does.
func TestBundles(t *testing.T) {
	c := newCluster(t, Allotted)
	a := c.agents[cloud]
	for _, key := range []string{"k/0", "k/1"} {
		if err := c.client(cloud).Seed(t.Context(), key, 4); err != nil {
			t.Fatal(err)
		}
	}
	version := func(key string) int64 {
		v, err := a.states.get(key)
		if err != nil {
			t.Fatal(err)
		}
		defer v.content.release()
		return v.version
	}
	write := func(bundle, key string, expected int64) error {
		content, err := a.pools.take(t.Context(), 9)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		if bundle != "" {
			h.Set(headerBundle, bundle)
		}
		return a.write(h, written{key, expected, value{content, expected + 1, checksum(content.data)}})
	}
	hold := func(what string, err, want error, first, second int64) {
		t.Helper()
		if !errors.Is(err, want) || (err == nil) != (want == nil) || version("k/0") != first || version("k/1") != second {
			t.Errorf("%s: %v; versions %d and %d, want %d and %d", what, err, version("k/0"), version("k/1"), first, second)
		}
	}
	hold("the first of two", write("b/1 1 2", "k/0", 0), nil, 0, 0)
	hold("the second", write("b/1 2 2", "k/1", 0), nil, 1, 1)
	hold("the second without the first", write("b/1 2 2", "k/1", 1), errFull, 1, 1)
	hold("an old version first", write("b/1 1 2", "k/0", 0), errConflict, 1, 1)
	hold("a good one first", write("b/1 1 2", "k/0", 1), nil, 1, 1)
	hold("another's write", write("", "k/0", 1), nil, 2, 1)
	hold("and then all of it is refused", write("b/1 2 2", "k/1", 1), errConflict, 2, 1)
	hold("a good one first", write("b/1 1 2", "k/0", 2), nil, 2, 1)
	hold("an old version last", write("b/1 2 2", "k/1", 0), errConflict, 2, 1)
	hold("begun", write("b/1 1 2", "k/0", 2), nil, 2, 1)
	hold("begun anew", write("b/1 1 2", "k/1", 1), nil, 2, 1)
	hold("the same state twice", write("b/2 1 2", "k/0", 2), nil, 2, 1)
	if err := write("b/2 2 2", "k/0", 2); err == nil {
		t.Error("a state is written twice by one bundle")
	}
	for _, wrong := range []string{"b/1 1", "b/1 0 2", "b/1 3 2", "b/1 x 2", "b 1 2", "../b/1 1 2", "b/1 1 100000"} {
		if write(wrong, "k/0", 2) == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
	a.bundles.drop("b/")
	if n := a.pools.budget.inUse(); len(a.bundles.all) != 0 || n != 9+9 {
		t.Errorf("%d bundles are left, %d bytes are in use", len(a.bundles.all), n)
	}
}

// Bundles that nobody goes on with give their memory back.
func TestForgottenBundles(t *testing.T) {
	p := &pools{budget: newBudget(100, time.Millisecond)}
	var all bundles
	add := func(id string, after time.Duration) {
		content, err := p.take(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := all.add(bundlePart{id, 1, 2}, written{next: value{content: content}}, after); err != nil {
			t.Fatal(err)
		}
	}
	add("a/1", time.Hour)
	add("b/1", time.Hour)
	add("b/1", time.Hour) // begins anew
	if n := p.budget.inUse(); n != 20 {
		t.Errorf("%d bytes are in use", n)
	}
	if add("c/1", -1); len(all.all) != 1 || p.budget.inUse() != 10 {
		t.Errorf("%d bundles are left", len(all.all))
	}
}
