package faas

import (
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
)

// What an offer says will come has memory when it is taken; it comes into that, and what comes again into that of the
// version before: so an instance moves, by pre-copy too, to a node that has room for its states once.
func TestRoomForArrivals(t *testing.T) {
	const size = 3 * mebibyte
	a, control := agentWith(t, Config{Memory: 8 * mebibyte}, func(l *limits) { l.wait = time.Millisecond })
	one := comingOne("run/in-function/instance/1")
	one.Bytes = 3 * size
	announce := func() {
		t.Helper()
		if err := control.Announce(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	announce()
	known := sender{a, one.Token, one.ID}
	say := func(head *arrivalHead, body string) {
		t.Helper()
		if err := known.say(head, body); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(what string, bytes int64) {
		t.Helper()
		testenv.Eventually(t, what, func() bool { return a.Stats().Bytes == bytes })
	}
	offer := func(sizes ...int64) *arrivalHead {
		head := offered(7)
		head.Rooms = sizes
		return head
	}
	if err := known.say(offer(size, size, size, 1), ""); err == nil || !strings.Contains(err.Error(), "were announced") {
		t.Errorf("room for more than was announced: %v", err)
	}
	say(offer(size), "")
	holds("memory for what was offered", size)
	say(offer(size, size, size), "")
	holds("memory for two of three, in the place of what was offered before", 2*size)

	keys := arrivalKeys{"run/in-function/0/0", "run/in-function/0/1"}
	round := func(phase, letter string, size int) {
		t.Helper()
		content := strings.Repeat(letter, size)
		head := &arrivalHead{Phase: phase, Epoch: 7}
		for _, key := range keys {
			head.States = append(head.States, arrivalState{key, int64(letter[0]), checksum([]byte(content)), int64(size)})
		}
		if phase == phaseLast {
			head.Keep = keys
		}
		say(head, content+content)
	}
	for _, letter := range []string{"a", "b"} {
		round(phaseCopy, letter, size)
	}
	round(phaseLast, "c", size)
	holds("each state once", 2*size)
	for _, key := range keys {
		v, err := a.states.get(key + "@1")
		if err != nil || v.version != 'c' || string(v.content.data) != strings.Repeat("c", size) {
			t.Errorf("state %s: version %d, %v", key, v.version, err)
		}
		v.content.release()
	}
	if err := control.Clean(t.Context(), "run/"); err != nil {
		t.Fatal(err)
	}
	holds("nothing afterwards", 0)
	announce()
	say(offer(size, size), "")
	round(phaseLast, "d", size+7) // each has grown since it was offered
	holds("each state once, in the place of what was found for it", 2*(size+7))
	if err := control.Clean(t.Context(), "run/"); err != nil {
		t.Fatal(err)
	}
	announce()
	say(offer(size), "")
	holds("memory for what was offered", size)
	if err := control.Retract(t.Context(), one.ID, one.Token); err != nil {
		t.Fatal(err)
	}
	holds("nothing for what does not come", 0)
}
