package faas

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
)

const mebibyte = 1 << 20

func TestStatesAreBoundedBySum(t *testing.T) {
	a, c := agentWith(t, Config{Memory: 8 * mebibyte}, func(l *limits) { l.wait = 10 * time.Millisecond })
	ctx := t.Context()
	for i := range 3 {
		if err := c.Seed(ctx, fmt.Sprintf("k/%d", i), 2*mebibyte); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Seed(ctx, "k/3", 3*mebibyte); !errors.Is(err, errFull) || !strings.Contains(err.Error(), "memory") {
		t.Errorf("3 MiB beside 6 of 8: %v", err)
	}
	if err := c.Seed(ctx, "k/3", 9*mebibyte); !errors.Is(err, errTooLarge) {
		t.Errorf("9 MiB of 8: %v", err)
	}
	for range 5 { // the same state again takes the place of the one before
		if err := c.Seed(ctx, "k/2", 2*mebibyte); err != nil {
			t.Errorf("seeding a state again: %v", err)
		}
	}
	if bytes := a.Stats().Bytes; bytes != 6*mebibyte {
		t.Errorf("%d bytes are held", bytes)
	}
	if err := c.Clean(ctx, ""); err != nil || a.Stats().Bytes != 0 {
		t.Errorf("%v; %d bytes are still held", err, a.Stats().Bytes)
	}
	if err := c.Seed(ctx, "k/3", 8*mebibyte); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestImpossibleSeeds(t *testing.T) {
	_, c := agentWith(t, Config{}, nil)
	for key, size := range map[string]int64{
		"k/0": maxBody + 1, "k/1": -1, "k": 1, "k/x": 1, "k/-1": 1, "k/2147483648": 1,
		strings.Repeat("k", maxKey+1) + "/0": 1,
	} {
		if err := c.Seed(t.Context(), key, size); err == nil {
			t.Errorf("a state %.50s of %d bytes is accepted", key, size)
		}
	}
}

// What is half received holds memory; the next one waits for it, and is told when there is none.
func TestBytesUnderWayAreBounded(t *testing.T) {
	a, _ := agentWith(t, Config{Memory: 8 * mebibyte}, func(l *limits) { l.wait = 50 * time.Millisecond })
	half := connect(t, a,
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 7000000\r\n\r\n"+strings.Repeat("x", 6_000_000))
	testenv.Eventually(t, "6 MB being held", func() bool { return a.Stats().Bytes >= 6_000_000 })
	send := func() error {
		m := message{method: http.MethodPost, path: "/echo", body: [][]byte{make([]byte, 4_000_000)}}
		return newPeers(newPunctuality(newClock())).do(t.Context(), a.Addr().String(), &m, func(r *http.Response) error {
			_, err := io.Copy(io.Discard, r.Body)
			return err
		})
	}
	if err := send(); !errors.Is(err, errFull) {
		t.Errorf("4 MB beside 6 of 8: %v", err)
	}
	half.Close()
	testenv.Eventually(t, "nothing being held", func() bool { return a.Stats().Bytes == 0 })
	if err := send(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestBudgetWaits(t *testing.T) {
	b := newBudget(100, time.Minute)
	if err := b.take(t.Context(), 70); err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() { got <- b.take(t.Context(), 60) }()
	b.giveBack(70)
	if err := <-got; err != nil || b.inUse() != 60 {
		t.Errorf("%v, %d in use", err, b.inUse())
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("planted"))
	if err := b.take(ctx, 60); err == nil || err.Error() != "planted" {
		t.Errorf("error %v", err)
	}
}

// A message that is announced counts with what has come of it, at any moment: others are not refused for it.
func TestAnnouncedBytesAreNotCharged(t *testing.T) {
	const total, step = 8 << 30, 1 << 10
	p := pools{budget: newBudget(total, time.Minute)}
	charged, asked := int64(0), 0
	_, class := sizeClass(total)
	p.classes[class].New = func() any { // is called where none is kept
		charged, asked = p.budget.inUse(), asked+1
		return nil
	}
	first, err := p.first(t.Context(), total, step)
	if err != nil {
		t.Fatal(err)
	}
	first.release()
	if charged != 0 || asked != 1 {
		t.Errorf("%d bytes were charged before any was there", charged)
	}
	// A buffer that is kept and does not fit into the budget stays for later.
	large, err := p.take(t.Context(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	large.release()
	rest, err := p.take(t.Context(), 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	if !p.budget.try(total - 1<<10 - step) {
		t.Fatal("the budget is not free")
	}
	b, err := p.first(t.Context(), 1<<20, step)
	if err != nil || int64(len(b.data)) != step {
		t.Fatalf("%d bytes where %d are free, %v", len(b.data), step, err)
	}
	b.release()
	rest.release()
}
