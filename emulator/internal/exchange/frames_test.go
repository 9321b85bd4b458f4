package exchange

import (
	"bytes"
	"encoding/gob"
	"reflect"
	"testing"
)

type told struct {
	Frames Frames
	Until  int64
}

func TestFramesComeAsTheyWere(t *testing.T) {
	want := told{Frames{{Of: 3, At: -7, Direction: 2, Length: 99, Data: []byte("data")}, {Of: -1, Data: []byte{}},
		{Of: 1 << 30, At: 1 << 62, Length: 1, Data: bytes.Repeat([]byte{1}, 70_000)}}, 5}
	var b bytes.Buffer
	to := gob.NewEncoder(&b)
	for _, one := range []told{want, {Until: 6}, want} {
		if err := to.Encode(one); err != nil {
			t.Fatal(err)
		}
	}
	from := NewReceiver(&b, 1<<20)
	var got [3]told
	for i := range got {
		if err := from.Receive(&got[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range []int{0, 2} { // the first is as it was though the decoder's memory was used again
		if !reflect.DeepEqual(got[i], want) {
			t.Errorf("message %d: %.200v", i, got[i])
		}
	}
	if len(got[1].Frames) != 0 || got[1].Until != 6 {
		t.Errorf("%+v", got[1])
	}
}

// Of a message of so many bytes at most so many frames are read, whatever it says; what is cut off is none.
func FuzzFrames(f *testing.F) {
	whole, _ := Frames{{Of: 1, Length: 60, Data: make([]byte, 60)}, {}}.GobEncode()
	for _, n := range []int{0, 1, frameBytes, frameBytes + 60, len(whole)} {
		f.Add(whole[:n])
	}
	f.Add(bytes.Repeat([]byte{0xff}, 3*frameBytes))
	f.Add(make([]byte, 100*frameBytes))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got Frames
		if err := got.GobDecode(b); err != nil {
			return
		}
		if len(got) > len(b)/frameBytes || cap(got) > 2*len(got)+8 {
			t.Errorf("%d frames, and room for %d, of %d bytes", len(got), cap(got), len(b))
		}
		if again, err := got.GobEncode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%v: % x became % x", err, b, again)
		}
	})
}
