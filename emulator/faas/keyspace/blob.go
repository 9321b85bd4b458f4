package keyspace

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// format is a blob's first byte. A space that nobody has written to has no bytes at all.
const format = 1

// Size is the number of bytes that Encode needs.
func (s *Space) Size() int64 {
	if s.writes == 0 {
		return 0
	}
	return headerSize(s.writes, len(s.items)) + s.size
}

// Encode writes the space into a buffer of Size bytes: the format, the number of writes and of keys; then each key, in
// ascending order, with its length, its ETag, its value's length and its value. Numbers are uvarints. Spaces with the
// same history are the same bytes.
func (s *Space) Encode(into []byte) {
	if s.writes == 0 {
		return
	}
	b := append(into[:0], format)
	b = binary.AppendUvarint(b, s.writes)
	b = binary.AppendUvarint(b, uint64(len(s.items)))
	for _, key := range s.Keys() {
		i := s.items[key]
		b = append(binary.AppendUvarint(b, uint64(len(key))), key...)
		b = binary.AppendUvarint(b, i.etag)
		b = append(binary.AppendUvarint(b, uint64(len(i.value))), i.value...)
	}
}

// Overhead is how much memory Decode takes for a blob beside the blob itself, in bytes, as by Space.Overhead; of one
// that it refuses, until then.
func Overhead(data []byte) (bytes int64) {
	if len(data) == 0 || data[0] != format {
		return 0
	}
	r := reader{rest: data[1:]}
	r.number()
	for range min(r.number(), maxKeys) {
		name := len(r.take(r.number()))
		r.number()
		if r.take(r.number()); r.err != nil {
			break
		}
		bytes += KeyBytes + int64(name)
	}
	return bytes
}

// Decode reads what Encode wrote, and nothing else: it fails with ErrCorrupt. Values are parts of data, which must not
// change while the space is in use. Its limit is as with New; a blob beyond it is read all the same, and can only
// shrink.
func Decode(data []byte, limit int64) (*Space, error) {
	s := New(limit)
	if len(data) == 0 {
		return s, nil
	}
	r := reader{rest: data}
	if b := r.take(1); len(b) == 1 && b[0] != format {
		return nil, fmt.Errorf("%w: it has format %d, not %d", ErrCorrupt, b[0], format)
	}
	s.writes = r.number()
	count := r.number()
	if s.writes == 0 || count > s.writes || count > maxKeys || count > uint64(len(r.rest)) {
		r.fail("%d keys after %d writes", count, s.writes)
	}
	last := ""
	for range count {
		if r.err != nil {
			break
		}
		key := string(r.take(r.number()))
		i := item{etag: r.number()}
		i.value = r.take(r.number())
		if len(key) == 0 || len(key) > MaxKey || key <= last || i.etag == 0 || i.etag > s.writes {
			r.fail("key %.64q after %.64q, with ETag %d of %d", key, last, i.etag, s.writes)
		}
		last = key
		s.items[key] = i
		s.size += sizeOf(key, i)
		s.names += int64(len(key))
	}
	if len(r.rest) > 0 {
		r.fail("%d bytes too many", len(r.rest))
	}
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}

// reader takes a blob apart, and keeps the first error.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
	}
}

// number reads a uvarint of the shortest form.
func (r *reader) number() uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n != width(v) {
		r.fail("no number where one is due")
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) take(n uint64) []byte {
	if r.err == nil && n > uint64(len(r.rest)) {
		r.fail("%d bytes are due, and there are %d", n, len(r.rest))
	}
	if r.err != nil {
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

// sizeOf is what an item takes up in a blob.
func sizeOf(key string, i item) int64 {
	return int64(width(uint64(len(key))) + len(key) + width(i.etag) + width(uint64(len(i.value))) + len(i.value))
}

func headerSize(writes uint64, keys int) int64 { return int64(1 + width(writes) + width(uint64(keys))) }

// width is the number of bytes of a uvarint.
func width(v uint64) int { return max(1, (bits.Len64(v)+6)/7) }
