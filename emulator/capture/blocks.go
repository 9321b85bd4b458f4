package capture

import (
	"encoding/binary"
	"io"
)

// blocks collects whole blocks, each of which comes in one Write, and knows how many of them have been written where an
// error ends that.
type blocks struct {
	to     io.Writer
	held   []byte
	whole  int64 // bytes of whole blocks that were written
	failed error // no more is written
	// lost is told of each packet's interface that was taken and not written.
	lost func(int)
}

// mostCollected is how many bytes are collected, but for the last block.
const mostCollected = 1 << 20

// Write implements io.Writer for a block. On an error it was not taken.
func (b *blocks) Write(block []byte) (int, error) {
	if len(b.held)+len(block) > mostCollected {
		if err := b.flush(); err != nil {
			return 0, err
		}
	}
	if b.failed != nil {
		return 0, b.failed
	}
	b.held = append(b.held, block...)
	return len(block), nil
}

// flush writes what was collected.
func (b *blocks) flush() error {
	if b.failed != nil || len(b.held) == 0 {
		return b.failed
	}
	n, err := b.to.Write(b.held)
	if err == nil {
		b.whole += int64(len(b.held))
		b.held = b.held[:0]
		return nil
	}
	b.failed = err
	for at := 0; at < len(b.held); {
		block := b.held[at:]
		size := int(binary.LittleEndian.Uint32(block[4:]))
		if at += size; at <= n {
			b.whole += int64(size)
		} else if binary.LittleEndian.Uint32(block) == blockPacket {
			b.lost(int(binary.LittleEndian.Uint32(block[8:])))
		}
	}
	b.held = nil
	return err
}
