package faas

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
)

// A host finds memory page by page when it is written first, which may take as long as a fast network takes to bring
// what is written there. So an offer says how large the states are that will come, and the target has memory for them
// before it takes the offer: while the instance still serves.

// arrivalRooms are the sizes of states that an offer says will come.
type arrivalRooms []int64

// UnmarshalJSON implements json.Unmarshaler.
func (l *arrivalRooms) UnmarshalJSON(text []byte) error {
	return readList(text, (*[]int64)(l), func(n *int64) error {
		if len(*l) == maxRoom {
			return fmt.Errorf("room for more than %d states: %w", maxRoom, errTooLarge)
		}
		return checkRoom([]int64{*n})
	})
}

// rooms are the sizes of the instance's states for which memory is worth being found beforehand.
func (m *move) rooms() (all arrivalRooms) {
	for _, key := range m.one.owned() {
		v, err := m.states.get(key + m.one.suffix())
		if err != nil {
			continue // forgotten in between
		}
		if n := v.content.size(); n > firstStep && len(all) < maxRoom {
			all = append(all, n)
		}
		v.content.release()
	}
	return all
}

// makeRoom finds memory for what an offer says will come, and holds it until that has, or the offer is void. What there
// is no room for now is asked for when it comes.
func (a *Agent) makeRoom(one *resident, by *announced, head *arrivalHead) {
	rooms := a.rooms(head.Rooms)
	one.mu.Lock()
	defer one.mu.Unlock()
	if now := one.arriving; now.of(by, head) && now.rooms == nil {
		now.rooms = rooms
		return
	}
	release(rooms)
}

// of says whether a head is of this arrival, which may be nil.
func (a *arrival) of(by *announced, head *arrivalHead) bool {
	return a != nil && a.by == by && a.epoch == head.Epoch
}

// roomFor is a buffer for a state that comes: that of the version before, whose place it takes, or one that was found
// beforehand; nil: there is none. The version before is given up with that: where the new one does not come whole, the
// move is undone. A state that has another size than when it was offered takes the place of one that was found:
// what was found for it must not keep it out.
func (r *resident) roomFor(by *announced, head *arrivalHead, s *arrivalState) *blob {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.arriving
	if !now.of(by, head) {
		return nil
	}
	if before := now.staged[s.Key].content; before != nil && before.size() == s.Bytes {
		delete(now.staged, s.Key)
		return before
	}
	i := slices.IndexFunc(now.rooms, func(b *blob) bool { return b.size() == s.Bytes })
	if i < 0 {
		if s.Bytes > firstStep {
			now.giveUpNearest(s.Bytes)
		}
		return nil
	}
	b := now.rooms[i]
	now.rooms = slices.Delete(now.rooms, i, i+1)
	return b
}

// giveUpNearest gives up the room whose size is the nearest to that of a state that has none.
func (a *arrival) giveUpNearest(size int64) {
	if len(a.rooms) == 0 {
		return
	}
	away := func(b *blob) int64 { return max(b.size()-size, size-b.size()) }
	nearest := slices.MinFunc(a.rooms, func(x, y *blob) int { return cmp.Compare(away(x), away(y)) })
	a.rooms = slices.DeleteFunc(a.rooms, func(b *blob) bool { return b == nearest })
	nearest.release()
}

// receiveStates reads the states' contents, and holds them against their checksums.
func (a *Agent) receiveStates(
	ctx context.Context, body io.Reader, one *resident, by *announced, head *arrivalHead,
) ([]copied, error) {
	var all []copied
	for i := range head.States {
		s := &head.States[i]
		in := &summed{Reader: body}
		content, err := a.receiveInto(ctx, in, one.roomFor(by, head, s), s.Bytes)
		if err == nil && in.sum != s.Sum {
			content.release()
			a.counts.corrupt.Add(1)
			err = fmt.Errorf("state %s, version %d: %w", s.Key, s.Version, errCorrupt)
		}
		if err != nil {
			releaseStates(all)
			return nil, err
		}
		all = append(all, copied{s.Key, value{content, s.Version, s.Sum}})
	}
	return all, nil
}

// receiveInto reads n bytes into a buffer of that size, which it takes over; nil: into one of its own.
func (a *Agent) receiveInto(ctx context.Context, src io.Reader, room *blob, n int64) (*blob, error) {
	if room == nil {
		return a.pools.receive(ctx, src, 0, n, nil)
	}
	if _, err := readFull(src, room.data, nil); err != nil {
		room.release()
		return nil, err
	}
	return room, nil
}
