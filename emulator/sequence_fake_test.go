package emulator_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"testbed/emulator"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/fake"
	"testbed/emulator/internal/fake/fakehost"
	"testbed/emulator/units"
)

// inMemory is a world on fakes.
type inMemory struct {
	*fake.Machine
	of *emulator.Host
}

func (w inMemory) host() *emulator.Host { return w.of }

func (w inMemory) killNode(testbed, name string) error {
	w.Kill(testbed, name)
	return nil
}

func (w inMemory) restartNode(testbed, name string) error { return w.Restart(testbed, name) }

func (w inMemory) killFabric(testbed string) error {
	w.KillFabric(testbed)
	return nil
}

func (w inMemory) tamper(testbed string, r *rand.Rand) {
	w.Tamper(testbed, func(queues []fabric.QueueStatus) {
		if len(queues) == 0 {
			return // whoever made it was killed at it
		}
		q := &queues[r.IntN(len(queues))]
		switch r.IntN(3) {
		case 0:
			q.Down = !q.Down
		case 1:
			q.Rate = units.Kbps
		default:
			q.Delay += time.Second
		}
	})
}

var points = []string{fake.Start, fake.Stop, fake.Look, fake.Apply, fake.Half, fake.Inspect, fake.Close}

var errPlanted = errors.New("planted")

func (w inMemory) fail(r *rand.Rand) string {
	point, err := points[r.IntN(len(points))], errPlanted
	if r.IntN(3) == 0 {
		err = fake.ErrKilled
		if r.IntN(2) == 0 {
			point = fake.After(point)
		}
	}
	w.Fail(point, err)
	return fmt.Sprintf("%s: %v", point, err)
}

func (w inMemory) lift() {
	for _, p := range points {
		w.Fail(p, nil)
		w.Fail(fake.After(p), nil)
	}
}

func (w inMemory) left() error {
	if !w.Empty() {
		return errors.New("nodes or a network are left")
	}
	if entries, err := os.ReadDir(string(w.of.Store)); !errors.Is(err, os.ErrNotExist) {
		return errors.Join(fmt.Errorf("the record is left: %v", entries), err)
	}
	return nil
}

func TestRandomSequencesInMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("testbeds run on Linux only")
	}
	count := 200
	if testing.Short() {
		count = 50
	}
	if *sequences > 0 {
		count = *sequences
	}
	scenarios := variants(t, fakehost.Scenario)
	for i := range uint64(count) {
		seed := *firstSeed + i
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m, h := fakehost.New(t.TempDir())
			play(t, inMemory{m, h}, scenarios, seed, 25)
		})
	}
}
