package linktrace

import (
	"testing"
	"time"
)

// TestByteOrderMarks: a file is read the same behind a byte-order mark, whatever its first line is.
func TestByteOrderMarks(t *testing.T) {
	read := map[string]func(text string) (*Trace, error){
		"trace": func(text string) (*Trace, error) { return Parse("x", []byte(text), Options{}) },
		"mahimahi": func(text string) (*Trace, error) {
			return Parse("x", []byte(text), Options{Format: Mahimahi})
		},
		"delays": func(text string) (*Trace, error) { return ParseDelays("x", []byte(text), SpreadOptions{}) },
		"table": func(text string) (*Trace, error) {
			table, err := ParseTable("x", []byte(text))
			if err != nil {
				return nil, err
			}
			return Parse("x", []byte("time,distance\n0,1\n1,2\n"), Options{Table: table})
		},
	}
	for _, c := range []struct{ of, text string }{
		{"trace", "1\n5\n"}, {"mahimahi", "1\n5\n"},
		{"trace", "time,delay_ms\n0,1\n1,2\n"}, {"trace", "\"time\",\"delay_ms\"\n0,1\n1,2\n"},
		{"trace", "# measured\ntime,delay_ms\n0,1\n1,2\n"}, {"trace", "distance\n"},
		{"delays", "delay_ms\n10\n"}, {"delays", "\"delay_ms\"\r\n\"10\"\r\n"}, {"delays", "# c\ndelay_ms\n10\n"},
		{"table", "\"distance\",\"delay\"\n1,5ms\n2,6ms\n"},
	} {
		plain, wrong := read[c.of](c.text)
		marked, err := read[c.of]("\ufeff" + c.text)
		switch {
		case wrong != nil || err != nil:
			if wrong == nil || err == nil || wrong.Error() != err.Error() {
				t.Errorf("%s %q: %v, and behind a mark %v", c.of, c.text, wrong, err)
			}
		case plain.Digest() != marked.Digest():
			t.Errorf("%s %q: it is another behind a mark", c.of, c.text)
		}
	}
}

// TestTimesOfAClock: times count from the first row, that of a clock since 1970 included, in whichever unit.
func TestTimesOfAClock(t *testing.T) {
	for _, text := range []string{
		"time,delay_ms\n1600000000.0,1\n1600000000.25,2\n1600000003,3\n",
		"time_ms,delay_ms\n1600000000000,1\n1600000000250,2\n1600000003000,3\n",
		"time_us,delay_ms\n1600000000000000,1\n1600000000250000,2\n1600000003000000,3\n",
		"time_ns,delay_ms\n1600000000000000000,1\n1600000000250000000,2\n1600000003000000000,3\n",
		"time,delay_ms\n1600000000s,1\n1600000000.25s,2\n1600000003s,3\n",
	} {
		trace := parsed(t, text, Options{})
		for i, want := range []time.Duration{0, 250 * time.Millisecond, 3 * time.Second} {
			if off := time.Duration(trace.Knots[i].At) - want; off.Abs() > time.Microsecond {
				t.Errorf("%q: row %d is off by %v", text, i+1, off)
			}
		}
	}
}
