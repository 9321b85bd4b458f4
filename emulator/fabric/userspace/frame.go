package userspace

import "encoding/binary"

// Lengths and offsets of what precedes a payload: virtio_net_hdr (include/uapi/linux/virtio_net.h),
// Ethernet, IPv4 (RFC 791), TCP (RFC 9293).
const (
	virtioLen = 10
	etherLen  = 14
	ipAt      = virtioLen + etherLen

	needsChecksum = 1 // virtio flags
	gsoNone       = 0 // virtio gso_type
	gsoTCP4       = 1
	gsoTCP6       = 4
	tcpFIN        = 0x01
	tcpPSH        = 0x08
	protocolTCP   = 6
)

// burstLayout says where the parts of a burst of TCP segments lie in its buffer.
type burstLayout struct {
	tcpAt     int // offset of the TCP header
	payloadAt int
	size      int // payload bytes of every segment but the last
}

// parseBurst finds the layout of a TCP burst; ok is false for all other frames.
func parseBurst(data []byte) (l burstLayout, ok bool) {
	if len(data) < ipAt+40 || data[1] == gsoNone || data[0]&needsChecksum == 0 {
		return l, false
	}
	switch {
	case data[1] == gsoTCP4 && data[ipAt+9] == protocolTCP:
		l.tcpAt = ipAt + int(data[ipAt]&0x0f)*4
	case data[1] == gsoTCP6 && data[ipAt+6] == protocolTCP:
		l.tcpAt = ipAt + header6
	default:
		return l, false
	}
	l.size = int(binary.NativeEndian.Uint16(data[4:]))
	if l.tcpAt+20 > len(data) {
		return l, false
	}
	l.payloadAt = l.tcpAt + int(data[l.tcpAt+12]>>4)*4
	return l, l.size > 0 && l.tcpAt >= ipAt+20 && l.payloadAt >= l.tcpAt+20 && len(data) > l.payloadAt
}

// segmentCount is how many segments the burst in data consists of.
func (l burstLayout) segmentCount(data []byte) int {
	return (len(data) - l.payloadAt + l.size - 1) / l.size
}

// setWireSize fills in the bytes that the packet takes on the wire, where each segment has headers of its own.
func (p *packet) setWireSize(l burstLayout, isBurst bool) {
	if !isBurst {
		p.segments, p.wireBytes = 1, int64(len(p.data)-virtioLen)
		p.segmentBytes, p.finalBytes = p.wireBytes, p.wireBytes
		return
	}
	headers, payload := l.payloadAt-virtioLen, len(p.data)-l.payloadAt
	n := l.segmentCount(p.data)
	p.segments = int32(n)
	p.wireBytes = int64(payload + n*headers)
	p.segmentBytes = int64(min(l.size, payload) + headers)
	p.finalBytes = p.wireBytes - int64(n-1)*p.segmentBytes
}

// segment writes segment i of the burst into to, which has room for it, and returns the part written: a
// frame of its own that still leaves its TCP checksum to the receiver, as the burst did.
func (l burstLayout) segment(to, data []byte, i int) []byte {
	from := l.payloadAt + i*l.size
	until := min(from+l.size, len(data))
	n := copy(to, data[:l.payloadAt])
	n += copy(to[n:], data[from:until])
	to = to[:n]
	if !isIPv6(data) {
		id := binary.BigEndian.Uint16(data[ipAt+4:])
		binary.BigEndian.PutUint16(to[ipAt+4:], id+uint16(i))
	}
	sequence := binary.BigEndian.Uint32(data[l.tcpAt+4:])
	binary.BigEndian.PutUint32(to[l.tcpAt+4:], sequence+uint32(i*l.size))
	if until < len(data) {
		to[l.tcpAt+13] &^= tcpFIN | tcpPSH
	}
	l.fixHeaders(to)
	return to
}

// truncate keeps the burst's first n segments and returns the shorter buffer.
func (l burstLayout) truncate(data []byte, n int) []byte {
	data = data[:min(len(data), l.payloadAt+n*l.size)]
	data[l.tcpAt+13] &^= tcpFIN | tcpPSH
	l.fixHeaders(data)
	return data
}

// fixHeaders makes the lengths and checksums in the headers agree with the buffer's length.
func (l burstLayout) fixHeaders(data []byte) {
	if len(data)-l.payloadAt <= l.size {
		data[1] = gsoNone
		binary.NativeEndian.PutUint16(data[2:], 0)
		binary.NativeEndian.PutUint16(data[4:], 0)
	}
	ip := data[ipAt:l.tcpAt]
	addresses := ip[8:] // of IPv6
	if isIPv6(data) {
		binary.BigEndian.PutUint16(ip[4:], uint16(len(data)-l.tcpAt))
	} else {
		binary.BigEndian.PutUint16(ip[2:], uint16(len(data)-ipAt))
		binary.BigEndian.PutUint16(ip[10:], 0)
		binary.BigEndian.PutUint16(ip[10:], ^fold(sum(ip)))
		addresses = ip[12:20]
	}
	// With needsChecksum the TCP field holds the sum over the pseudo header, not complemented.
	pseudo := sum(addresses) + protocolTCP + uint32(len(data)-l.tcpAt)
	binary.BigEndian.PutUint16(data[l.tcpAt+16:], fold(pseudo))
}

// completeChecksum fills in the checksum that the sender left to its device, so that the receiver verifies it.
func completeChecksum(data []byte) {
	if data[0]&needsChecksum != 0 {
		from := virtioLen + int(binary.NativeEndian.Uint16(data[6:]))
		field := from + int(binary.NativeEndian.Uint16(data[8:]))
		if field+2 <= len(data) {
			s := ^fold(sum(data[from:]))
			if s == 0 {
				s = 0xffff // as UDP wants it, and no other to TCP
			}
			binary.BigEndian.PutUint16(data[field:], s)
		}
	}
	data[0] = 0 // neither to be completed nor verified already
}

// sum adds up big-endian 16-bit words, the last one padded with a zero.
func sum(b []byte) uint32 {
	var s uint32
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		s += uint32(b[len(b)-1]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
