package units

import (
	"errors"
	"testing"
	"time"
)

func TestParseBitRate(t *testing.T) {
	for text, want := range map[string]BitRate{
		"50Mbps": 50 * Mbps, "1.5Gbps": 1500 * Mbps, "10mbit": 10 * Mbps, "9600 bps": 9600, "0.5kbps": 500,
		" 1Tbps ": 1000 * Gbps,
	} {
		if got, err := ParseBitRate(text); err != nil || got != want {
			t.Errorf("ParseBitRate(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "50", "Mbps", "-1Mbps", "50MB", "1e400Gbps", "NaNbps", "0x10bps", "0.5bps", "1__0bps", "10Mbps/s",
		"9999999999Tbps",
	} {
		if got, err := ParseBitRate(text); !errors.Is(err, ErrSyntax) {
			t.Errorf("ParseBitRate(%q) = %d, %v; want ErrSyntax", text, got, err)
		}
	}
}

func TestParseByteSize(t *testing.T) {
	for text, want := range map[string]ByteSize{
		"1MiB": MiB, "30kB": 30 * KB, "1514B": 1514, "1.5KiB": 1536, "2gib": 2 * GiB,
	} {
		if got, err := ParseByteSize(text); err != nil || got != want {
			t.Errorf("ParseByteSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "7", "1Mbps", "-1B", "1.0001B"} {
		if _, err := ParseByteSize(text); !errors.Is(err, ErrSyntax) {
			t.Errorf("ParseByteSize(%q): %v; want ErrSyntax", text, err)
		}
	}
}

func TestString(t *testing.T) {
	for want, rate := range map[string]BitRate{
		"50Mbps": 50 * Mbps, "1.5Gbps": 1500 * Mbps, "0bps": 0, "1bps": 1, "9.6kbps": 9600, "100Gbps": 100 * Gbps,
	} {
		if got := rate.String(); got != want {
			t.Errorf("BitRate(%d) prints as %s, want %s", int64(rate), got, want)
		}
	}
	for want, size := range map[string]ByteSize{"1MiB": MiB, "1.514kB": 1514, "30kB": 30 * KB, "0B": 0} {
		if got := size.String(); got != want {
			t.Errorf("ByteSize(%d) prints as %s, want %s", int64(size), got, want)
		}
	}
}

func TestSerialization(t *testing.T) {
	if got, want := (50 * Mbps).Serialization(1514), 242240*time.Nanosecond; got != want {
		t.Errorf("1514 B at 50 Mbps take %v, want %v", got, want)
	}
	if got := BitRate(0).Serialization(1514); got != 0 {
		t.Errorf("an unlimited rate takes %v, want 0", got)
	}
	if got, want := (50 * Mbps).Product(120*time.Millisecond), 750*KB; got != want {
		t.Errorf("bandwidth-delay product %v, want %v", got, want)
	}
}

// What is printed reads back as the same value.
func FuzzParseBitRate(f *testing.F) {
	for _, seed := range []string{"50Mbps", "1.5Gbps", "0bps", "99999Tbps", "1e3kbps"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rate, err := ParseBitRate(text)
		if err != nil {
			if !errors.Is(err, ErrSyntax) {
				t.Fatalf("%q: %v is no ErrSyntax", text, err)
			}
			return
		}
		if again, err := ParseBitRate(rate.String()); err != nil || again != rate {
			t.Fatalf("%q: %d prints as %s, which reads as %d, %v", text, int64(rate), rate, int64(again), err)
		}
	})
}
