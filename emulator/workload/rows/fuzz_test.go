package rows

import (
	"bufio"
	"io"
	"strings"
	"testing"
)

// Whatever a file has, no more than is allowed comes out of it, and text that is neither packed nor in an archive is
// read as it is.
func FuzzUnpack(f *testing.F) {
	for _, text := range []string{"", "a,b\n", "\x1f\x8b\x08\x00", "\x28\xb5\x2f\xfd\x04\x00"} {
		f.Add(text)
	}
	header := strings.Repeat("\x00", tarSize) + "00000000001\x00" + strings.Repeat("\x00", tarMagic-tarSize-12) + "ustar"
	f.Add(header + strings.Repeat("\x00", tarBlock-len(header)) + "x")
	f.Fuzz(func(t *testing.T, content string) {
		const most = 1 << 16
		r, err := unpack(bufio.NewReader(strings.NewReader(content)), "fuzz", most)
		if err != nil {
			return
		}
		text, err := io.ReadAll(r)
		if len(text) > most {
			t.Fatalf("%d bytes", len(text))
		}
		packed := strings.HasPrefix(content, "\x1f\x8b") || strings.HasPrefix(content, "\x28\xb5\x2f\xfd") ||
			len(content) >= tarBlock && strings.HasPrefix(content[tarMagic:], "ustar")
		if !packed && len(content) <= most && (err != nil || string(text) != content) {
			t.Fatalf("%q, %v", text, err)
		}
	})
}
