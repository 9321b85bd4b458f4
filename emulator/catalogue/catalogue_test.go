package catalogue

import (
	"slices"
	"strings"
	"testing"
)

var (
	numbers = NewKind[int]("number")
	words   = NewKind[string]("word")
)

func number(name string, does int, options ...Option) Entry[int] {
	return Entry[int]{Description{Name: name, About: "it is " + name, Options: options}, does}
}

func TestKindsAreApart(t *testing.T) {
	c := New(numbers.Of(number("one", 1)), words.Of(Entry[string]{Description{Name: "one"}, "eins"}),
		numbers.Of(number("two", 2)))
	if got := c.Names("number"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("names %v", got)
	}
	one, err := numbers.Find(c, "ONE")
	word, wordErr := words.Find(c, "one")
	if err != nil || wordErr != nil || one != 1 || word != "eins" {
		t.Errorf("%d %q %v %v", one, word, err, wordErr)
	}
	const want = `unknown word "two"; write one of [one]`
	if _, err := words.Find(c, "two"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("two as a word: %v", err)
	}
	if all := numbers.All(c); len(all) != 2 || all[1].Does != 2 || all[1].Name != "two" {
		t.Errorf("all %+v", all)
	}
	if c.Index("number", "two") != 1 || c.Index("number", "three") != 2 || c.Has("number", "three") {
		t.Error("a name that is not there does not follow the others")
	}
	if got, want := c.Sentences("number"), "one: it is one; two: it is two."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNilIsEmpty(t *testing.T) {
	var c *Catalogue
	if _, err := numbers.Find(c, "one"); err == nil || c.Names("number") != nil || c.Sentences("number") != "" {
		t.Error("there is something in it")
	}
	if d := c.Describe("number", "one"); d.Name != "one" || d.About != "" {
		t.Errorf("%+v", d)
	}
}

func TestOptions(t *testing.T) {
	size, rate := Option{Name: "size", Unit: Count, Default: 3, Max: 9}, Option{Name: "rate", Unit: PerSecond}
	taker := number("three", 3)
	taker.Takes = []string{"rate"}
	c := New(numbers.Of(number("one", 1, size), number("two", 2, rate, size), taker))
	if got := c.Options("number"); !slices.Equal(got, []Option{size, rate}) {
		t.Errorf("%+v", got)
	}
	if got := c.Having("number", "rate"); !slices.Equal(got, []string{"two", "three"}) {
		t.Errorf("rate is had by %v", got)
	}
	values := c.Defaults("number", "two")
	if values.Of("size") != 3 || values.Of("rate") != 0 || values.Of("absent") != 0 || len(values) != 2 {
		t.Errorf("%+v", values)
	}
	if values = values.Set(size, 5).Set(rate, 2); values.Of("size") != 5 || values.Of("rate") != 2 || len(values) != 2 {
		t.Errorf("%+v", values)
	}
}

// What a program would get wrong is said when it starts.
func TestSlipsPanic(t *testing.T) {
	option := Option{Name: "size", Max: 3}
	other := option
	other.Max = 4
	for name, section := range map[string]Section{
		"a name twice":         numbers.Of(number("one", 1), number("one", 2)),
		"an option, two means": numbers.Of(number("one", 1, option), number("two", 2, other)),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: nothing is said", name)
				}
			}()
			New(section)
		}()
	}
}
