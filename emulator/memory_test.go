package emulator

import "testing"

func TestAvailableMemory(t *testing.T) {
	for text, want := range map[string]int64{
		"MemTotal:  100 kB\nMemAvailable:   8056 kB\nBuffers: 1 kB\n": 8056 << 10, "": 0, "MemAvailable: x kB\n": 0,
		"MemAvailable: -5 kB\n": 0, "MemAvailable: 9223372036854775807 kB\n": 9223372036854775807, "MemAvailable:\n": 0,
	} {
		if got := availableMemory(text); int64(got) != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
