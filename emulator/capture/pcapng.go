package capture

import (
	"encoding/binary"
	"io"
	"time"
)

// Blocks and options of pcapng (draft-ietf-opsawg-pcapng).
const (
	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockStatistics = 5
	blockPacket     = 6
	byteOrderMagic  = 0x1a2b3c4d
	linkEthernet    = 1

	optionEnd         = 0
	optionApplication = 4 // of a section
	optionOS          = 3
	optionName        = 2 // of an interface
	optionDescription = 3
	optionResolution  = 9
	optionFilter      = 11
	optionFlags       = 2 // of a packet
	optionStart       = 2 // of statistics
	optionEnded       = 3
	optionReceived    = 4
	optionDropped     = 5
)

// Direction is a packet's way, as seen from its interface.
type Direction uint8

// The directions, by their numbers in the format.
const (
	NoDirection Direction = iota
	Inbound
	Outbound
)

// Interface is what the file says of a place where packets are captured.
type Interface struct {
	Name        string // unique in a file, such as "cloud" or "a-sw from a"
	Description string // which direction is seen, and what its times mean
}

// Packet is an Ethernet frame.
type Packet struct {
	Interface int       // index among the file's
	At        time.Time // to the nanosecond
	Direction Direction
	Data      []byte
	Length    int // bytes that it had; at least len(Data)
}

// writer writes one section: its interfaces first, then packets, then statistics.
type writer struct {
	to    io.Writer
	block []byte // memory that is reused
	size  int64  // bytes written
}

// newWriter begins a section with its interfaces. snap is how many bytes of a packet are kept; 0: all.
func newWriter(to io.Writer, program string, interfaces []Interface, filter string, snap int) (*writer, error) {
	w := &writer{to: to}
	w.begin(blockSection)
	w.block = binary.LittleEndian.AppendUint32(w.block, byteOrderMagic)
	w.block = binary.LittleEndian.AppendUint32(w.block, 1) // version 1.0
	w.block = binary.LittleEndian.AppendUint64(w.block, 1<<64-1)
	w.option(optionOS, []byte("Linux"))
	w.option(optionApplication, []byte(program))
	if err := w.end(true); err != nil {
		return nil, err
	}
	for _, i := range interfaces {
		w.begin(blockInterface)
		w.block = binary.LittleEndian.AppendUint32(w.block, linkEthernet)
		w.block = binary.LittleEndian.AppendUint32(w.block, uint32(snap))
		w.option(optionName, []byte(i.Name))
		w.option(optionDescription, []byte(i.Description))
		w.option(optionResolution, []byte{9}) // nanoseconds
		if filter != "" {
			w.option(optionFilter, append([]byte{0}, filter...)) // as text
		}
		if err := w.end(true); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// packet writes one.
func (w *writer) packet(p *Packet) error {
	w.begin(blockPacket)
	w.block = binary.LittleEndian.AppendUint32(w.block, uint32(p.Interface))
	w.stamp(p.At)
	w.block = binary.LittleEndian.AppendUint32(w.block, uint32(len(p.Data)))
	w.block = binary.LittleEndian.AppendUint32(w.block, uint32(max(p.Length, len(p.Data))))
	w.block = append(w.block, p.Data...)
	w.pad()
	if p.Direction == NoDirection {
		return w.end(false)
	}
	w.option(optionFlags, binary.LittleEndian.AppendUint32(nil, uint32(p.Direction)))
	return w.end(true)
}

// statistics writes what an interface has received, which includes what was lost.
func (w *writer) statistics(i int, begin, end time.Time, c Count) error {
	w.begin(blockStatistics)
	w.block = binary.LittleEndian.AppendUint32(w.block, uint32(i))
	w.stamp(end)
	w.option(optionStart, w.times(begin))
	w.option(optionEnded, w.times(end))
	w.option(optionReceived, binary.LittleEndian.AppendUint64(nil, c.Written+c.Lost))
	w.option(optionDropped, binary.LittleEndian.AppendUint64(nil, c.Lost))
	return w.end(true)
}

func (w *writer) times(t time.Time) []byte {
	n := uint64(t.UnixNano())
	b := binary.LittleEndian.AppendUint32(nil, uint32(n>>32))
	return binary.LittleEndian.AppendUint32(b, uint32(n))
}

func (w *writer) stamp(t time.Time) {
	n := uint64(t.UnixNano())
	w.block = binary.LittleEndian.AppendUint32(w.block, uint32(n>>32))
	w.block = binary.LittleEndian.AppendUint32(w.block, uint32(n))
}

func (w *writer) begin(kind uint32) {
	w.block = binary.LittleEndian.AppendUint32(w.block[:0], kind)
	w.block = append(w.block, 0, 0, 0, 0) // the length, which end fills in
}

func (w *writer) option(code uint16, value []byte) {
	value = value[:min(len(value), 1<<16-1)]
	w.block = binary.LittleEndian.AppendUint16(w.block, code)
	w.block = binary.LittleEndian.AppendUint16(w.block, uint16(len(value)))
	w.block = append(w.block, value...)
	w.pad()
}

func (w *writer) pad() {
	for len(w.block)%4 != 0 {
		w.block = append(w.block, 0)
	}
}

// end writes the block; options says that it has some.
func (w *writer) end(options bool) error {
	if options {
		w.block = append(w.block, optionEnd, 0, 0, 0)
	}
	length := uint32(len(w.block) + 4)
	w.block = binary.LittleEndian.AppendUint32(w.block, length)
	binary.LittleEndian.PutUint32(w.block[4:], length)
	n, err := w.to.Write(w.block)
	w.size += int64(n)
	return err
}
