package faas

import (
	"bytes"
	"net"
	"slices"
	"testing"
)

// TestMessagesLeaveInParts: whatever a message is put together from, each part but the last is full, so that heads are
// no segments by themselves, and its bytes are all there.
func TestMessagesLeaveInParts(t *testing.T) {
	for _, sizes := range [][]int{
		{}, {0}, {5}, {10}, {11}, {3, 4}, {3, 4, 3}, {3, 4, 4}, {0, 10, 0}, {25}, {3, 25, 1}, {10, 10}, {1, 1, 1, 1},
	} {
		var all net.Buffers
		var want []byte
		for _, n := range sizes {
			b := bytes.Repeat([]byte{byte('a' + len(all))}, n)
			all, want = append(all, b), append(want, b...)
		}
		var got []byte
		for rest := slices.Clone(all); len(rest) > 0; {
			var part net.Buffers
			part, rest = firstBytes(rest, 10)
			one := slices.Concat(part...)
			if len(one) > 10 || len(one) < 10 && len(slices.Concat(rest...)) > 0 {
				t.Errorf("%v: a part of %d bytes before %v", sizes, len(one), rest)
			}
			got = append(got, one...)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%v: %q, not %q", sizes, got, want)
		}
	}
}
