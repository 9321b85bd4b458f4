// Package keyspace holds a state of a user's function: keys with values and ETags, which travel and are stored as one
// blob. It knows nothing of where.
package keyspace

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"testbed/emulator/plan"
	"testbed/emulator/units"
)

const (
	// MaxKey is the most bytes that a key has; it has one at least.
	MaxKey = 512
	// MaxBytes is the most bytes that a space may take up as a blob where nothing less is said. A message carries more,
	// so that an argument or a result fits beside it.
	MaxBytes = min(256<<20, plan.MaxMessage)
	// maxKeys bounds what a blob of few bytes can make a reader allocate.
	maxKeys = 1 << 20
)

// Errors of a space; what returns them says more.
var (
	ErrFull    = errors.New("the state is full")
	ErrKey     = errors.New("no valid key")
	ErrCorrupt = errors.New("no valid key space")
)

// Space is a state: a set of keys with values. The zero value is not usable, see New. It is not safe for use by several
// goroutines.
type Space struct {
	items map[string]item
	// writes counts all writes there have ever been: each gives its key the next ETag, so that none comes twice, and one
	// of a key that was deleted in between fits nothing.
	writes uint64
	size   int64 // sum of what the items take up in a blob
	names  int64 // sum of the keys' lengths
	limit  int64 // of Size
}

type item struct {
	value []byte // never changed, only replaced
	etag  uint64 // number of the write, from 1
}

// New makes an empty space that takes up limit bytes at most, MaxBytes where that is less or limit is 0.
func New(limit int64) *Space {
	if limit <= 0 || limit > MaxBytes {
		limit = MaxBytes
	}
	return &Space{items: map[string]item{}, limit: limit}
}

// Get returns a key's value, which the caller must not change, and its ETag.
func (s *Space) Get(key string) (value []byte, etag string, found bool) {
	i, found := s.items[key]
	if !found {
		return nil, "", false
	}
	return i.value, tag(i.etag), true
}

// Set writes a value, which the space keeps and the caller must not change any more. It fails with ErrKey or ErrFull,
// and then has changed nothing.
func (s *Space) Set(key string, value []byte) error {
	if len(key) == 0 || len(key) > MaxKey {
		return fmt.Errorf("%w: it has %d bytes, want 1 to %d", ErrKey, len(key), MaxKey)
	}
	before, found := s.items[key]
	next := item{value, s.writes + 1}
	size := units.Add(s.size, sizeOf(key, next))
	if found {
		size -= sizeOf(key, before)
	}
	count := len(s.items)
	if !found {
		count++
	}
	if total := headerSize(next.etag, count) + size; total > s.limit || count > maxKeys {
		return fmt.Errorf("%w: with key %.64q it would have %d bytes in %d keys, and may have %d in %d",
			ErrFull, key, total, count, s.limit, maxKeys)
	}
	if !found {
		s.names += int64(len(key))
	}
	s.items[key], s.size, s.writes = next, size, next.etag
	return nil
}

// Delete removes a key, if it is there.
func (s *Space) Delete(key string) {
	if i, found := s.items[key]; found {
		delete(s.items, key)
		s.size -= sizeOf(key, i)
		s.names -= int64(len(key))
		s.writes++
	}
}

// KeyBytes is more than what a key takes in memory beside its name and its value: its place in a table that has grown,
// and in a list of all keys.
const KeyBytes = 192

// Overhead is how much memory a space takes beside what its keys and values have in a blob, in bytes.
func (s *Space) Overhead() int64 { return KeyBytes*int64(len(s.items)) + s.names }

// Memory is how much memory a space takes, in bytes.
func (s *Space) Memory() int64 { return s.Size() + s.Overhead() }

// Keys are all keys, ascending.
func (s *Space) Keys() []string {
	keys := make([]string, 0, len(s.items))
	for key := range s.items {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Clone is a copy that can be changed without changing the space: a transaction's.
func (s *Space) Clone() *Space {
	next := *s
	next.items = make(map[string]item, len(s.items))
	for key, i := range s.items {
		next.items[key] = i
	}
	return &next
}

// Digest is a digest of keys and values, 16 hexadecimal digits: two spaces with the same content have the same one, in
// whatever order and however often it was written.
func (s *Space) Digest() string {
	h := sha256.New()
	var length [binary.MaxVarintLen64]byte
	part := func(n int) { h.Write(binary.AppendUvarint(length[:0], uint64(n))) }
	for _, key := range s.Keys() {
		value := s.items[key].value
		part(len(key))
		h.Write([]byte(key))
		part(len(value))
		h.Write(value)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func tag(etag uint64) string { return strconv.FormatUint(etag, 10) }
