package docker

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"testing"
	"time"
)

// log is what an engine keeps of a container's output.
type log struct {
	entries []string
	at      []time.Time
}

var epoch = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func (l *log) add(at time.Duration, text string) {
	stamp := epoch.Add(at)
	l.at = append(l.at, stamp)
	l.entries = append(l.entries, stamp.Format("2006-01-02T15:04:05.000000000Z07:00")+" "+text)
}

// read gives a place what the engine would give it.
func (l *log) read(t *testing.T, p *place) {
	t.Helper()
	since := time.Time{}
	if text := p.since(); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339Nano, text); err != nil {
			t.Fatal(err)
		}
	}
	for i, e := range l.entries {
		if l.at[i].Before(since) {
			continue
		}
		if n, err := p.Write([]byte(e)); err != nil || n != len(e) {
			t.Fatal(n, err)
		}
	}
	p.turn()
}

func newPlace() (*place, *bytes.Buffer) {
	p := &place{seed: maphash.MakeSeed()}
	return p, &p.fresh
}

// Each entry is copied once, in the log's order, wherever the readings fall.
func TestFollowingCopiesEachEntryOnce(t *testing.T) {
	for every := 1; every <= 7; every++ {
		p, out := newPlace()
		var l log
		want := ""
		for i := range 200 {
			at := time.Duration(i) * 90 * time.Millisecond
			switch i % 5 {
			case 3:
				at -= 250 * time.Millisecond // the other stream's, which has waited
			case 4:
				at = time.Duration(i-2) * 90 * time.Millisecond // at another one's time
			}
			text := fmt.Sprintln("line", i/10*10) // some say the same
			l.add(at, text)
			want += text
			if i%every == 0 {
				l.read(t, p)
			}
			if i%40 == 0 {
				l.read(t, p) // nothing new
			}
		}
		l.read(t, p)
		if out.String() != want {
			t.Errorf("read after each %d: %q, want %q", every, out, want)
		}
	}
}

// What the log has put away before it was read is missing, and a line says so, once.
func TestFollowingTellsWhatWasLost(t *testing.T) {
	p, out := newPlace()
	var l log
	l.add(0, "a\n")
	l.add(time.Millisecond, "b\n")
	l.read(t, p)
	l = log{}
	l.add(time.Second, "y\n")
	l.add(time.Second+1, "z\n")
	l.read(t, p)
	l.read(t, p)
	if want := "a\nb\n" + lostLine + "y\nz\n"; out.String() != want {
		t.Errorf("%q, want %q", out, want)
	}
}

func TestEntriesWithoutATimeAreRefused(t *testing.T) {
	p, _ := newPlace()
	if _, err := p.Write([]byte("yesterday a line\n")); err == nil {
		t.Error("no error")
	}
}
