package exchange

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"testing"

	"testbed/emulator/internal/readfile"
)

func TestFailuresKeepTheirKind(t *testing.T) {
	one, other := errors.New("one"), errors.New("other")
	kinds := Kinds{"one": one, "other": other}
	if kinds.Error(kinds.Of(nil)) != nil {
		t.Error("no error becomes one")
	}
	err := kinds.Error(kinds.Of(fmt.Errorf("here: %w", one)))
	if !errors.Is(err, one) || errors.Is(err, other) || err.Error() != "here: one" {
		t.Errorf("%v", err)
	}
	if err := kinds.Error(&Failure{Says: "x", Wraps: []string{"unheard of"}}); errors.Is(err, one) || err.Error() != "x" {
		t.Errorf("%v", err)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	var sent bytes.Buffer
	to := gob.NewEncoder(&sent)
	for _, size := range []int{10, 20, 5000} {
		if err := to.Encode(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	r := NewReceiver(&sent, 1000)
	var got []byte
	for _, size := range []int{10, 20} {
		if err := r.Receive(&got); err != nil || len(got) != size {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	if err := r.Receive(&got); !errors.Is(err, readfile.ErrLimit) {
		t.Errorf("a large one: %v", err)
	}
}

// FuzzReceive: whatever comes fails at most.
func FuzzReceive(f *testing.F) {
	var sent bytes.Buffer
	if err := gob.NewEncoder(&sent).Encode(Failure{Says: "x", Wraps: []string{"y"}}); err != nil {
		f.Fatal(err)
	}
	f.Add(sent.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReceiver(bytes.NewReader(b), 1<<16)
		for {
			var got Failure
			if err := r.Receive(&got); err != nil {
				return
			}
		}
	})
}
