package machines_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"testbed/emulator/machines"
)

func number(f float64) string { return strconv.FormatFloat(f, 'f', 3, 64) }

// TestOnNamesAMachineOnce: however many say which it is.
func TestOnNamesAMachineOnce(t *testing.T) {
	lost := errors.New("it is lost")
	err := machines.On("b", fmt.Errorf("opening: %w", machines.On("b", lost)))
	if !errors.Is(err, lost) || err.Error() != "opening: machine b: it is lost" {
		t.Errorf("got %v", err)
	}
	if err := machines.On("a", err); err.Error() != "machine a: opening: machine b: it is lost" {
		t.Errorf("got %v", err)
	}
	if machines.On("a", nil) != nil {
		t.Error("nothing is wrong")
	}
}

func TestNames(t *testing.T) {
	got := machines.Names([]machines.Machine{{ID: "1", Name: "a"}, {ID: "2", Name: "b"}, {ID: "3", Name: "a"}, {ID: "4"}})
	if want := []string{"a (1)", "b", "a (3)", "4"}; !slices.Equal(got, want) {
		t.Errorf("%q instead of %q", got, want)
	}
}

// FuzzParse: whatever is given, a list that is taken is sound, and nothing in it could be read as an option.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"3", "swarm", "a,b=2", "ssh://me@b:22=2.5", "unix:///run/docker.sock", "ssh://-x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := machines.Parse(text)
		if err != nil {
			return
		}
		if s.Kind == machines.Swarm {
			if s.Machines != nil {
				t.Fatal("a Swarm's machines are its own")
			}
			return
		}
		if err := machines.Check(s.Machines); err != nil {
			t.Fatal(err)
		}
		for i := range s.Machines {
			m := &s.Machines[i]
			if m.Name == "" || m.Name[0] == '-' || m.ID[0] == '-' || !(m.Share() > 0) {
				t.Fatalf("%q gives %+v", text, m)
			}
		}
	})
}
