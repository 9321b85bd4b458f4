package procstat

import "testing"

func TestParse(t *testing.T) {
	for text, want := range map[string]Ticks{
		"cpu  1000 10 200 5000 300 0 20 100 50 0\ncpu0 500 5 100 2500 150 0 10 50 25 0\ncpu1 1 1 1 1\nintr 1 2 3\n": {
			Processors: 2, Total: 6630, Idle: 5300, Softirq: 20, Steal: 100, Whole: true},
		"cpu  1 2 3 4\n": {Total: 10, Idle: 4},
	} {
		if got, ok := Parse(text); !ok || got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "intr 1 2 3 4 5\n", "cpu 1 2 3\n", "cpu a b c d e f g h\n", "cpu 1 2 3 -4\n",
		"cpu 1 2 3 4 9223372036854775807\n", "cpu0 1 2 3 4 5 6 7 8\n"} {
		if got, ok := Parse(text); ok {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
