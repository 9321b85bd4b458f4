package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Header says of a packet where it goes on, and when. What its fields but Due mean is the core's affair.
type Header struct {
	Channel uint64 // the queue that it has left
	Due     int64  // when its first segment is at the far end of the link, ns of the receiver's clock
	Final   uint32 // ns from then until its final segment is
	From    uint32 // address of the station that sent it
	To      uint32 // address of the one that it is for, whatever became of that in the packet
	Kind    uint8  // of path
	Router  uint16 // on such a path
}

// Sizes in bytes: of a header as it is sent, and of the largest record's data, a burst of segments with its headers.
const (
	headerLen = 36
	MaxData   = 65536 + 512
)

// A record is its data's length (4 bytes), the header, and the data, all numbers in network order:
//
//	0        4      5      6        8      12   16      20        28    36
//	| length | kind | zero | router | from | to | final | channel | due | data ...
const (
	kindAt, zeroAt, routerAt, fromAt, toAt, finalAt, channelAt, dueAt = 4, 5, 6, 8, 12, 16, 20, 28
)

// errRecord is wrapped by errors about records that cannot be.
var errRecord = errors.New("a record that cannot be")

// appendRecord appends a record to a buffer. data has MaxData bytes at most.
func appendRecord(b []byte, h *Header, data []byte) []byte {
	var head [headerLen]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(data)))
	head[kindAt] = h.Kind
	binary.BigEndian.PutUint16(head[routerAt:], h.Router)
	binary.BigEndian.PutUint32(head[fromAt:], h.From)
	binary.BigEndian.PutUint32(head[toAt:], h.To)
	binary.BigEndian.PutUint32(head[finalAt:], h.Final)
	binary.BigEndian.PutUint64(head[channelAt:], h.Channel)
	binary.BigEndian.PutUint64(head[dueAt:], uint64(h.Due))
	return append(append(b, head[:]...), data...)
}

// cutRecord takes the first record off a buffer. data is part of b. ok is false where the record is not complete. It
// fails where no further byte could make it one.
func cutRecord(b []byte) (h Header, data, rest []byte, ok bool, err error) {
	n, ok, err := recordLen(b)
	if !ok || err != nil {
		return h, nil, b, false, err
	}
	h = Header{
		Kind: b[kindAt], Router: binary.BigEndian.Uint16(b[routerAt:]), From: binary.BigEndian.Uint32(b[fromAt:]),
		To: binary.BigEndian.Uint32(b[toAt:]), Final: binary.BigEndian.Uint32(b[finalAt:]),
		Channel: binary.BigEndian.Uint64(b[channelAt:]),
		Due:     int64(binary.BigEndian.Uint64(b[dueAt:])),
	}
	return h, b[headerLen:n], b[n:], true, nil
}

// recordLen is the length of the record that b begins with; ok says whether b has all of it.
func recordLen(b []byte) (n int, ok bool, err error) {
	if len(b) < headerLen {
		return 0, false, nil
	}
	length := binary.BigEndian.Uint32(b)
	if length > MaxData || b[zeroAt] != 0 {
		return 0, false, fmt.Errorf("%w: of %d bytes, %d at most", errRecord, length, MaxData)
	}
	n = headerLen + int(length)
	return n, len(b) >= n, nil
}

// whole is how many bytes at the beginning of b are complete records, and how many records these are.
func whole(b []byte) (bytes int, records uint64, err error) {
	for {
		n, ok, err := recordLen(b[bytes:])
		if err != nil || !ok {
			return bytes, records, err
		}
		bytes, records = bytes+n, records+1
	}
}
