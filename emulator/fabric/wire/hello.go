package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// version is that of hello, records and probes. Another one is hung up on.
const version = 1

// What a connection is for.
const (
	forPackets = 'P'
	forProbes  = 'T'
)

const (
	magic      = "tbx"
	helloLen   = 16
	welcomeLen = 16
	probeLen   = 8
	answerLen  = 32
)

// hello is what who dials says first: what the connection is for, and its number, drawn at random.
type hello struct {
	purpose byte
	session uint64
}

func (h hello) bytes() []byte {
	b := append([]byte(magic), version, h.purpose, 0, 0, 0)
	return binary.BigEndian.AppendUint64(b, h.session)
}

func readHello(from io.Reader) (h hello, err error) {
	var b [helloLen]byte
	if _, err := io.ReadFull(from, b[:]); err != nil {
		return h, err
	}
	h = hello{b[len(magic)+1], binary.BigEndian.Uint64(b[8:])}
	if string(b[:3]) != magic || b[3] != version || h.purpose != forPackets && h.purpose != forProbes {
		return h, fmt.Errorf("speaks version %d of the fabric's wire, want %d (use the same testbed on all machines)",
			b[3], version)
	}
	return h, nil
}

// progress is how many records have been read in a session.
type progress struct{ session, records uint64 }

func (p progress) bytes() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, p.session), p.records)
}

func progressOf(b []byte) progress {
	return progress{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// answer is what is said to a probe: when it came and when the answer left, by the clock of who answers, and how far he
// is with the packets of who asks.
type answer struct {
	received, answered int64
	progress           progress
}

func (a answer) bytes() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(a.received))
	b = binary.BigEndian.AppendUint64(b, uint64(a.answered))
	return append(b, a.progress.bytes()...)
}

func answerOf(b []byte) answer {
	return answer{int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:])), progressOf(b[16:])}
}
